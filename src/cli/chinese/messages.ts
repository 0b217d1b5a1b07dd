/** Messages of the program, in Chinese. */

export const MESSAGES = {
  // Which cluster
  'no cluster is named: pass --conf or --tracker, set FDFS_CONF or FDFS_TRACKERS, or write {conf}; to try things out, start one with: fdfs dev':
    '没有指定集群：请使用 --conf 或 --tracker，或设置 FDFS_CONF 或 FDFS_TRACKERS，或编写 {conf}；只想试用的话，可以启动一个集群：fdfs dev',
  '{mapping} is not an address mapping; write announced=reachable, e.g. 172.17.0.2=files.example.com':
    '{mapping} 不是地址映射；请写成 上报地址=可达地址，例如 172.17.0.2=files.example.com',

  // Errors
  '{problem} (did you mean {suggestion}?)': '{problem}（是不是想用 {suggestion}？）',
  '{problem} (see --help)': '{problem}（参见 --help）',
  'warning: {problem}': '警告：{problem}',
  'the change may have been made all the same': '修改可能已经生效',
  'a file is left behind, remove it with: fdfs rm {fileId}':
    '遗留了一个文件，请用此命令删除：fdfs rm {fileId}',
  'standard output: {problem}': '标准输出：{problem}',
  'not printed: {line}': '未能输出：{line}',
  '{file}: {problem}': '{file}：{problem}',
  'cannot read {file}: {problem}': '无法读取 {file}：{problem}',

  // Arguments
  'Write a number of bytes, or 64K, 10M, 1.5G.': '请写字节数，或 64K、10M、1.5G 的形式。',
  'Write a positive number of seconds.': '请写大于 0 的秒数。',
  'Write a whole number.': '请写整数。',
  'Write a number from 1 to 64.': '请写 1 到 64 的数。',
  'Ports go up to 65535.': '端口号最大为 65535。',
  'Write 0-99 (both inclusive), 100- or -100 (the last hundred).':
    '请写成 0-99（含两端）、100- 或 -100（最后一百个字节）。',
  'Write name=value.': '请写成 名称=值。',
  'Write name=count, such as group1=2.': '请写成 名称=数量，例如 group1=2。',
  'Write an age such as 90d, 12h or 30m, or a date such as 2026-01-31.':
    '请写时长（如 90d、12h、30m）或日期（如 2026-01-31）。',
  'Write a share such as 0.05 or 5%.': '请写比例，如 0.05 或 5%。',
  '{value} is not a number of bytes. {hint}': '{value} 不是字节数。{hint}',

  // Local files
  'reading from the terminal; Ctrl-D ends the input': '正在从终端读取；按 Ctrl-D 结束输入',
  'standard input': '标准输入',
  'the name of a file is empty; standard input is -': '文件名为空；标准输入请写 -',
  '{file}: is a directory': '{file}：是一个文件夹',
  '{file}:{line}: not a JSON document with path and fileId': '{file}:{line}：不是带有 path 和 fileId 的 JSON',
  'the path {path} of the manifest is not one within a folder': '清单中的路径 {path} 不在文件夹之内',

  // Progress
  '{done} of {total}': '{done} / {total}',
  '{time} left': '剩余 {time}',
  waiting: '等待中',
  '{count} files': '{count} 个文件',
  files: '文件',
  verify: '校验',
  known: '已知文件',
  prune: '清理',
  mirror: '镜像',

  // fdfs upload
  '--manifest is for --recursive': '--manifest 只能与 --recursive 一起使用',
  '--size is for one file only': '--size 只能用于单个文件',
  '--filename is for one file only': '--filename 只能用于单个文件',
  '--size and --filename are for one file only': '--size 和 --filename 只能用于单个文件',
  'standard input (-) can be uploaded only once': '标准输入（-）只能上传一次',
  '--recursive takes one folder': '--recursive 需要且只需要一个文件夹',
  '{path} is not a folder; --recursive takes one': '{path} 不是文件夹；--recursive 需要一个文件夹',
  '1 unchanged file is in the manifest and left out': '跳过 1 个清单中已有且未改动的文件',
  '{count} unchanged files are in the manifest and left out': '跳过 {count} 个清单中已有且未改动的文件',

  // fdfs download
  '--range and --continue exclude each other': '--range 和 --continue 不能同时使用',
  "missing required argument 'fileId'": '缺少必需的参数：文件 ID',
  '{path} is not a folder; several files need one': '{path} 不是文件夹；下载多个文件需要一个文件夹',
  '--continue needs a file, not standard output': '--continue 需要写入文件，不能写到标准输出',
  '{file} exists already, and is the name of {fileId} in its metadata; name a target':
    '{file} 已经存在，而 {fileId} 的元数据中用的正是这个名字；请指定目标',
  '--manifest takes one folder, and neither --range nor --keep-filename':
    '--manifest 只接受一个文件夹，不能与 --range 或 --keep-filename 一起使用',

  // Other commands on files
  '{bytes} bytes had been appended by then': '此前已追加 {bytes} 字节',
  '{bytes} bytes had been written by then': '此前已写入 {bytes} 字节',
  'file id': '文件 ID',
  kind: '类型',
  size: '大小',
  created: '创建时间',
  modified: '修改时间',
  source: '源存储服务器',
  'read from': '信息来源',
  normal: '普通文件',
  appender: '追加文件',
  slave: '从文件',
  'storage id {id}': '存储服务器 ID {id}',
  '{size} ({bytes} bytes)': '{size}（{bytes} 字节）',
  'the file id': '文件 ID',
  'the server': '服务器',
  '{pair} is not metadata; write name=value': '{pair} 不是元数据；请写成 名称=值',
  '--expires-in needs tokens: http.anti_steal.check_token and http.anti_steal.secret_key in the client.conf':
    '--expires-in 需要 token：请在 client.conf 中设置 http.anti_steal.check_token 和 http.anti_steal.secret_key',

  // Listing
  '{files} files, {bytes}': '{files} 个文件，{bytes}',
  '{files} files, {bytes}, and {unknown} files whose size only --confirm finds out':
    '{files} 个文件，{bytes}；另有 {unknown} 个文件的大小要用 --confirm 才能得知',
  'listed by {storages} at {time}; changes of the last minute may be missing':
    '由 {storages} 于 {time} 列出；可能不含最近一分钟的变动',
  '{files} files keep a key: {restored} keys restored, {orphans} orphans':
    '{files} 个文件保存了键：恢复了 {restored} 个键，{orphans} 个孤儿文件',
  '{files} files keep a key: {restored} keys would be restored, {orphans} orphans':
    '{files} 个文件保存了键：将恢复 {restored} 个键，{orphans} 个孤儿文件',
  '{counts}, {removed} removed': '{counts}，删除了 {removed} 个',

  // All files of the cluster
  'nothing wrong': '没有问题',
  '{files} files, {copies} copies, {bytes} read: {found}':
    '{files} 个文件，{copies} 个副本，读取了 {bytes}：{found}',
  '{problem}  {file}  at {storage}: {message}': '{problem}  {file}  位于 {storage}：{message}',
  '(storage)': '（存储服务器）',
  '(no storage)': '（无存储服务器）',
  '{known} known: {orphan} orphans, {missing} missing, {invalid} invalid':
    '已知 {known} 个：孤儿 {orphan} 个，缺失 {missing} 个，无效 {invalid} 个',
  '{files} files, {bytes} removed': '删除了 {files} 个文件，共 {bytes}',
  '{files} files, {bytes} would be removed; remove them with --yes':
    '将删除 {files} 个文件，共 {bytes}；加上 --yes 才会真正删除',
  'pass --map <file>: the id map, from which a later run resumes':
    '请指定 --map <文件>：即文件 ID 对照表，以后再运行时从这里继续',
  'name one target: a directory, or --to-conf <file> for another cluster':
    '请指定一个目标：文件夹，或用 --to-conf <文件> 指定另一个集群',
  '{copied} files copied ({bytes}), {skipped} were there, {updated} updated, {adopted} adopted, {failed} failed':
    '复制了 {copied} 个文件（{bytes}），已有 {skipped} 个，更新 {updated} 个，沿用 {adopted} 个，失败 {failed} 个',
  'same: {file}': '相同：{file}',
  'differs from byte {offset} on: {file}': '从第 {offset} 字节起不同：{file}',

  // Cluster
  'The cluster is {verdict} {time}': '集群{verdict} {time}',
  ok: '正常',
  degraded: '部分异常',
  down: '不可用',
  'note: {note}': '提示：{note}',
  'The cluster has no group yet.': '集群中还没有组。',
  'There is no storage yet.': '还没有存储服务器。',
  'every {interval} s, Ctrl-C ends': '每 {interval} 秒刷新一次，按 Ctrl-C 结束',
  'Asking the trackers …': '正在询问跟踪器……',
  'Nothing is wrong: all servers can be reached from here.': '没有问题：从本机可以连接所有服务器。',
  '1 problem:': '1 个问题：',
  '{count} problems:': '{count} 个问题：',
  leader: '主',
  follower: '从',
  unreachable: '无法连接',
  both: '读写',
  read: '只读',
  write: '只写',
  none: '不可读写',
  '{mode}, trunk': '{mode}，trunk 服务器',

  // Headings of tables
  TRACKER: '跟踪器',
  STATUS: '状态',
  LATENCY: '延迟',
  'UP FOR': '运行时间',
  GROUP: '组',
  STORAGES: '存储服务器',
  READABLE: '可读',
  WRITABLE: '可写',
  'TRUNK FREE': 'trunk 剩余',
  STORAGE: '存储服务器',
  ADDRESS: '地址',
  MODE: '读写模式',
  VERSION: '版本',
  UPLOADS: '上传',
  DOWNLOADS: '下载',
  CONNS: '连接',
  BEAT: '心跳',
  FREE: '剩余',
  TOTAL: '总量',
  USED: '已用',
  CLOCK: '时钟',
  ROLE: '角色',
  'CONNECTS TO': '实际连接',
  'FROM HERE': '本机连接',
  'TRACKERS SAY': '跟踪器报告的状态',
  PATH: '路径',
  KIND: '类型',
  FILES: '文件数',
  SIZE: '大小',

  // fdfs admin
  'Remove group {group} from all trackers': '从所有跟踪器中移除组 {group}',
  'Group {group} has been removed.': '组 {group} 已移除。',
  'Remove storage {storage} of group {group} from all trackers':
    '从所有跟踪器中移除组 {group} 的存储服务器 {storage}',
  'Storage {storage} of group {group} has been removed.': '组 {group} 的存储服务器 {storage} 已移除。',
  'Have the leader choose the trunk server of group {group}': '由主跟踪器选出组 {group} 的 trunk 服务器',
  'Make {storage} the trunk server of group {group}': '把 {storage} 设为组 {group} 的 trunk 服务器',
  'The trunk server of group {group} is {storage}.': '组 {group} 的 trunk 服务器是 {storage}。',
  '{action}? [y/N] ': '{action}？[y/N] ',
  'there is no terminal to ask on; pass --yes to do this: {action}':
    '没有终端可供确认；加上 --yes 才会执行：{action}',
  'not confirmed; nothing has been changed': '未确认；没有任何改动',

  // fdfs console and fdfs dev
  '--auth must be user:password': '--auth 必须是 用户:密码',
  '--host {host} can be reached from other machines, so --auth user:password is required':
    '其他机器可以访问 --host {host}，因此必须指定 --auth 用户:密码',
  'Port {port} is in use: choose another with --port': '端口 {port} 已被占用：请用 --port 换一个',
  'FastDFS console: {url}': 'FastDFS 控制台：{url}',
  'FastDFS (for development) is ready: trackers {trackers} conf {conf}':
    'FastDFS（开发用）已就绪：跟踪器 {trackers} 配置文件 {conf}',
  'FastDFS (for development) is ready: trackers {trackers} conf {conf} http {url}':
    'FastDFS（开发用）已就绪：跟踪器 {trackers} 配置文件 {conf} HTTP {url}',
  '{path} is not by fdfs dev and would be overwritten; choose another --dir':
    '{path} 不是 fdfs dev 写的，会被覆盖；请换一个 --dir',
  'port {port} of {address} is in use; choose another --port, --storage-port or --http':
    '{address} 的端口 {port} 已被占用；请换一个 --port、--storage-port 或 --http',
} as const satisfies Record<string, string>;
