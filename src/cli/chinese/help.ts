/** Help of commands and options, in Chinese: the English text of the definition, and what stands for it. */
import { CLUSTER_HELP, COMPLETION_EXAMPLES, EXIT_HELP, MIRROR_HELP } from '../help-texts.js';

/** Descriptions of the program, its commands, arguments and options. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  // The program and its options
  'Files in FastDFS, and the cluster that keeps them.': '管理 FastDFS 中的文件和集群。',
  'output the version number': '显示版本号',
  'display help for command': '显示命令的帮助',
  'client.conf of the cluster': '集群的 client.conf',
  'tracker of the cluster (repeatable)': '集群的跟踪器（可重复）',
  'address to connect to for one that a server announces (repeatable)':
    '用另一个地址代替服务器上报的地址（可重复）',
  'results as JSON, one document on each line': '以 JSON 输出结果，每行一个文档',
  'results and errors only: no progress, notes or warnings': '只输出结果和错误：不显示进度、提示和警告',
  'warnings about the configuration; errors with their stack': '显示配置警告；错误附带调用栈',
  'language of help and messages (default: FDFS_LANG, or the locale)':
    '帮助和消息的语言（默认：FDFS_LANG，或系统区域设置）',

  // Used by several commands
  'file id, also as the URL or path of a web server': '文件 ID，也可以是 Web 服务器的 URL 或路径',
  'file ids, also as URLs or paths of a web server; -: one a line from standard input':
    '文件 ID，也可以是 Web 服务器的 URL 或路径；-：从标准输入读取，每行一个',
  'local file; -: standard input': '本地文件；-：标准输入',
  'how many files at a time, where there are several': '有多个文件时，同时处理几个',
  'metadata (repeatable)': '元数据（可重复）',
  'extension of the file id (default: that of the file)': '文件 ID 的扩展名（默认：与本地文件相同）',
  'name of what comes by standard input': '标准输入内容的文件名',
  'keep the name as metadata "filename"': '把文件名存为元数据 "filename"',
  'only this group': '只处理这个组',
  'do not ask': '不询问确认',

  // Files
  'local files; -: standard input. With --recursive: one folder':
    '本地文件；-：标准输入。与 --recursive 一起使用时：一个文件夹',
  'upload files and print their ids; several files: each id with its name, behind a tab':
    '上传文件并输出文件 ID；多个文件时每行一个 ID，制表符后是文件名',
  'upload all files of a folder': '上传文件夹中的所有文件',
  'with --recursive: write path and id of each file there, as JSON lines, and leave out files that it has unchanged':
    '与 --recursive 一起使用：把每个文件的路径和 ID 逐行写入（JSON），并跳过其中已有且未改动的文件',
  'make appender files, which can be appended to and truncated': '存为追加文件，之后可以追加和截断',
  'group to upload to (default: the trackers decide)': '上传到哪个组（默认：由跟踪器决定）',
  'fail unless this is the exact size; saves a temporary file for standard input':
    '大小必须正好如此，否则失败；标准输入因此不需要临时文件',
  'what its name adds to that of the master, e.g. _200x200':
    '从文件名在主文件名之后添加的部分，例如 _200x200',
  'upload a file that belongs to another, such as a thumbnail, and print its id':
    '上传从文件（附属于主文件，例如缩略图）并输出文件 ID',
  'store a copy, with its metadata, as an ordinary file and print its id':
    '复制文件（连同元数据）为普通文件，并输出文件 ID',
  'group of the copy (default: that of the file)': '副本所在的组（默认：与原文件相同）',
  'file ids (also URLs; -: one a line from standard input), then a file, a folder, or - for standard output':
    '文件 ID（也可以是 URL；-：从标准输入读取，每行一个），然后是文件、文件夹，或表示标准输出的 -',
  'download to files, into a folder, or to standard output': '下载到文件、文件夹或标准输出',
  'a part: 0-99 (both inclusive), 100-, or -100 (the last hundred)':
    '只下载一部分：0-99（含两端）、100- 或 -100（最后一百个字节）',
  'go on where an earlier run with this option stopped; leave whole files alone':
    '从上次带此选项的运行中断处继续；已经完整的文件不再下载',
  'name files as their metadata "filename" says; never over another file':
    '按元数据 "filename" 为文件命名；绝不覆盖其他文件',
  'download the files of a manifest to the paths that it has': '按清单下载文件，保存到其中的路径',
  'append a file, or standard input (-), to an appender file': '把文件或标准输入（-）追加到追加文件',
  'first byte to write over, at most the size of the file': '从哪个字节开始覆盖，最大为文件大小',
  'write over bytes of an appender file, and past its end': '覆盖追加文件中的字节，可以超出末尾',
  'in bytes (default 0)': '字节数（默认 0）',
  'cut an appender file to a size, or extend it with zeros': '把追加文件截断到指定大小，或用零补足',
  'make an ordinary file of an appender file and print its new id':
    '把追加文件变为普通文件，并输出新的文件 ID',
  'rename is faster, loses the metadata, and stalls replication for seconds':
    'rename 更快，但会丢失元数据，并使同步停顿数秒',
  'remove files and their metadata': '删除文件及其元数据',
  'files that are not there are no error': '文件不存在时不算错误',
  'size, time and checksum; no server is asked for what the file id has':
    '显示大小、时间和校验值；文件 ID 中已有的信息不询问服务器',
  'ask the server: proves that the file is there': '询问服务器：证明文件确实存在',
  'checksum of appender and slave files, too: the server reads all of them':
    '追加文件和从文件也计算校验值：服务器会读取整个文件',
  'the storages that have a file': '显示保存有该文件的存储服务器',
  'the one where it can be changed': '只显示可以修改该文件的那一台',
  'metadata of a file': '文件的元数据',
  'print the metadata': '输出元数据',
  'replace the metadata': '替换元数据',
  'keep the names that are not given': '保留未给出的名称',
  'where a web server of the cluster serves the file': '显示集群的 Web 服务器提供该文件的 URL',
  'what the URL starts with (default: FDFS_BASE_URL, else a path is printed)':
    'URL 的开头（默认：FDFS_BASE_URL，未设置时输出路径）',
  'how long the token is good for (default: token_ttl of the configuration, or 600)':
    'token 的有效时间（默认：配置中的 token_ttl，或 600）',
  'no token although there is a secret, for files that are public': '有密钥也不生成 token，用于公开的文件',
  'name under which browsers save the file': '浏览器保存文件时使用的名字',

  // Listing
  'list the files of a group, or of all: the storages read them out of their logs':
    '列出一个组或所有组的文件：由存储服务器从日志中读出',
  'kind, metadata (m), size, time of creation': '显示类型、元数据（m）、大小和创建时间',
  'only how many': '只显示数量',
  'only how many and how large, by group, store path and kind': '只显示数量和大小，按组、存储路径和类型统计',
  'list this one: its id, IP address, or host:port (default: one of each group)':
    '由这台存储服务器列出：ID、IP 地址或 主机:端口（默认：每个组一台）',
  'only this store path (the number in M00)': '只列出这个存储路径（即 M00 中的数字）',
  'ask the storage about each file: the size of appender and slave files, too':
    '逐个文件询问存储服务器：追加文件和从文件的大小也会显示',
  'do not ask about files in trunk files, of which deleted ones are listed, too':
    '不询问 trunk 文件中的文件；已删除的也会列出',
  'only files of this kind': '只处理这种文件',
  'only files with this extension': '只处理有此扩展名的文件',
  'only files created before: an age (90d, 12h) or a date':
    '只处理在此之前创建的文件：时长（90d、12h）或日期',
  'only files created since: an age (90d, 12h) or a date': '只处理在此之后创建的文件：时长（90d、12h）或日期',
  'lead the keys that files of a blob store keep (`keepKey`) to those files again':
    '根据文件中保存的键（`keepKey`）重建 blob store 的索引',
  'redis://... or postgres://... or the folder of a LevelDB': 'redis://…、postgres://… 或 LevelDB 的文件夹',
  'name of the index in Redis, table in PostgreSQL': '索引在 Redis 中的名字，或 PostgreSQL 中的表名',
  'change nothing': '不做任何改动',
  'remove files whose key leads to another file': '删除键已指向其他文件的文件',
  'how old an orphan must be (default: 3600)': '孤儿文件至少要存在多久（默认：3600）',
  'group to verify (default: all), or with <file> a file id':
    '要校验的组（默认：全部）；与 <文件> 一起时为文件 ID',
  'local file to compare with that one, byte by byte': '与之逐字节比较的本地文件',
  'read every copy of every file on every storage, and print those that are wrong; exit code 1 if any is':
    '读取每台存储服务器上每个文件的每个副本，输出有问题的副本；如果有，退出码为 1',
  'only a part of the files, chosen at random: 0.01, or 1%': '只校验随机选取的一部分文件：0.01，即 1%',
  'most bytes to read in a second: 10M (default: no limit)': '每秒最多读取的字节数：10M（默认：不限）',
  'files at a time (default 4)': '同时处理的文件数（默认 4）',
  'files at a time (default 8)': '同时处理的文件数（默认 8）',
  'only the file ids in this file, one on each line (-: standard input)':
    '只校验此文件中列出的文件 ID，每行一个（-：标准输入）',
  'compare the files with those that an application knows; exit code 1 when they differ':
    '与应用程序已知的文件比较；不一致时退出码为 1',
  'file ids, one on each line (-: standard input)': '文件 ID 列表，每行一个（-：标准输入）',
  'slave files are known with their master, or have lines of their own': '从文件随主文件视为已知，或各占一行',
  'remove old files, with their slaves; without --yes only print them':
    '删除旧文件及其从文件；不加 --yes 时只输出',
  'remove them': '真正删除',
  'copy all files to a directory or another cluster; the same command again resumes and copies what is new':
    '把所有文件复制到文件夹或另一个集群；再次运行同一命令会继续，并复制新文件',
  'client.conf of the cluster to copy to': '目标集群的 client.conf',
  'group of the other cluster (default: its trackers decide)': '目标集群的组（默认：由其跟踪器决定）',

  // Cluster
  'list the groups': '列出所有组',
  'list the storages of a group, or of all': '列出一个组或所有组的存储服务器',
  'trackers, groups and storages, and what is wrong with them': '显示跟踪器、组和存储服务器，以及存在的问题',
  'look again and again': '持续刷新',
  'time between two looks (default 5; implies --watch)': '刷新间隔（默认 5；隐含 --watch）',
  'connect to every server from here, and say what is wrong and what to do':
    '从本机连接每台服务器，指出问题和解决办法',
  'one verdict; exit code 0 ok, 1 degraded, 2 down': '集群的总体状况；退出码 0 正常，1 部分异常，2 不可用',
  'change the cluster': '对集群进行改动',
  'remove a group that has no storage left': '移除已经没有存储服务器的组',
  'remove a storage that has been stopped': '移除已经停止的存储服务器',
  'make a storage the trunk server of its group (default: the leader chooses)':
    '把存储服务器设为所在组的 trunk 服务器（默认：由主跟踪器选出）',

  // Console, development, completion
  'a web page to watch the cluster, and to find, verify and delete files':
    '网页控制台：查看集群，查找、校验和删除文件',
  'port of the page (0: a free one)': '网页的端口（0：任选空闲端口）',
  'address to listen on; other than loopback only with --auth': '监听地址；非回环地址必须同时指定 --auth',
  'ask for these; or set FDFS_CONSOLE_AUTH, which other users cannot see':
    '要求登录；也可以设置 FDFS_CONSOLE_AUTH，其他用户看不到',
  'let the page delete files': '允许在网页上删除文件',
  'run a FastDFS for tests and development in this process, until Ctrl-C':
    '在本进程中运行供测试和开发使用的 FastDFS，直到按下 Ctrl-C',
  'of the first tracker, the others follow (default: free ones)':
    '第一台跟踪器的端口，其余依次递增（默认：空闲端口）',
  'of the first storage, the others follow (default: free ones)':
    '第一台存储服务器的端口，其余依次递增（默认：空闲端口）',
  'a group (repeatable; default: group1=1)': '一个组（可重复；默认：group1=1）',
  'how many trackers (default 1)': '跟踪器数量（默认 1）',
  'keep the files there, and find them again at the next start': '文件保存在此，下次启动时仍可使用',
  'address to listen on (default 127.0.0.1)': '监听地址（默认 127.0.0.1）',
  'serve the files over HTTP, too: GET /group1/M00/... (0: a free port)':
    '同时通过 HTTP 提供文件：GET /group1/M00/…（0：空闲端口）',
  'take over what a tracker.conf or storage.conf says (repeatable)':
    '采用 tracker.conf 或 storage.conf 中的设置（可重复）',
  'until the other storages of a group have a change (default 1000)':
    '改动同步到同组其他存储服务器所需的时间（默认 1000）',
  'for which a rename holds up replication (default 5000)': '重命名使同步停顿的时间（默认 5000）',
  'how often storages write what listings read (default 1000)':
    '存储服务器写日志的间隔，列出文件时读取该日志（默认 1000）',
  'group of uploads: in turn, --store-group, most space (default 2)':
    '上传选择组的方式：轮流、--store-group 指定、剩余空间最大（默认 2）',
  'group of all uploads, with --store-lookup 1': '所有上传使用的组，与 --store-lookup 1 一起使用',
  'storage of uploads: in turn, first, priority (default 0)':
    '上传选择存储服务器的方式：轮流、第一台、按优先级（默认 0）',
  'store path of uploads: in turn, most space (default 0)':
    '上传选择存储路径的方式：轮流、剩余空间最大（默认 0）',
  'storage of reads: in turn, source (default 0)': '下载选择存储服务器的方式：轮流、源服务器（默认 0）',
  'store paths of each storage (default 1)': '每台存储服务器的存储路径数（默认 1）',
  'what each storage can hold, e.g. 10M (default: the disk)':
    '每台存储服务器的容量，例如 10M（默认：磁盘容量）',
  'what uploads leave free at each storage (default: 1 % of the disk)':
    '每台存储服务器为上传保留的空间（默认：磁盘的 1 %）',
  'of each server; further ones are closed (default 256)': '每台服务器的连接数；超出的会被关闭（默认 256）',
  'trunk mode: small files get ids with a place in a trunk file':
    'trunk 模式：小文件存入 trunk 文件，ID 中带有位置',
  'whose replies to give, e.g. 6.10.0 (default 6.16.1)': '按哪个版本应答，例如 6.10.0（默认 6.16.1）',
  'print a script that completes commands and options': '输出命令和选项的自动补全脚本',
};

/** What stands below the options. Commands in it stay as they are typed. */
export const BELOW: Readonly<Record<string, string>> = {
  [CLUSTER_HELP]: `使用哪个集群（以最先给出的为准）：
  --conf <文件>，或一次或多次 --tracker <主机:端口>
  FDFS_CONF       client.conf 的路径
  FDFS_TRACKERS   主机:端口,主机:端口,…
  /etc/fdfs/client.conf

存储服务器上报的地址从本机无法访问时：
  一次或多次 --map <上报地址=可达地址>，例如 172.17.0.2=files.example.com
  FDFS_MAP        上报地址=可达地址,上报地址=可达地址,…
  client.conf 中的 map_address = 上报地址=可达地址`,
  [EXIT_HELP]: `退出码：
  0    完成
  1    失败，或多个文件因不同原因失败
  2    参数、选项或配置有误
  3    文件、组或存储服务器不存在
  4    无法连接服务器，或没有服务器按时应答
  130  被中断（Ctrl-C）；未完成的内容已经删除
  141  输出的读取方在全部写完之前就结束了
  health：0 正常，1 部分异常，2 不可用；doctor：0 没有问题，1 有问题，2 无法连接任何服务器`,
  [COMPLETION_EXAMPLES]: `示例：
  eval "$(fdfs completion bash)"                                写入 ~/.bashrc
  eval "$(fdfs completion zsh)"                                 写入 ~/.zshrc，放在 compinit 之后
  fdfs completion fish > ~/.config/fish/completions/fdfs.fish`,
  [MIRROR_HELP]: '--map <文件>（必需）以 JSON 逐行保存新旧文件 ID 的对照；以后再运行时从这里继续。',
};

/** Names in `<angle>` and `[square]` brackets. */
export const PLACEHOLDERS: Readonly<Record<string, string>> = {
  options: '选项',
  command: '命令',
  file: '文件',
  files: '文件',
  'host:port': '主机:端口',
  'announced=reachable': '上报地址=可达地址',
  language: '语言',
  fileId: '文件 ID',
  fileIds: '文件 ID',
  masterFileId: '主文件 ID',
  'fileIds-and-target': '文件 ID 和目标',
  'file | folder | -': '文件 | 文件夹 | -',
  folder: '文件夹',
  directory: '文件夹',
  prefix: '前缀',
  offset: '偏移',
  size: '大小',
  bytes: '字节数',
  'name=value': '名称=值',
  'name=storages': '组名=台数',
  name: '名称',
  group: '组',
  storage: '存储服务器',
  storageId: '存储服务器 ID',
  extension: '扩展名',
  count: '数量',
  'start-end': '起-止',
  way: '方式',
  mode: '方式',
  kind: '类型',
  url: 'URL',
  seconds: '秒',
  index: '序号',
  moment: '时间',
  share: '比例',
  port: '端口',
  address: '地址',
  'user:password': '用户:密码',
  ms: '毫秒',
  version: '版本',
  shell: 'shell',
};

export const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '用法:',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Global Options:': '全局选项：',
  'Commands:': '命令：',
};
