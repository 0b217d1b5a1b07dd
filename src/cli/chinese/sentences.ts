/**
 * What other parts say in English, in Chinese: the findings of health and doctor, the parser of arguments, error codes, errors of
 * the system. `{parts}` are whatever stands there, translated if it is a sentence of this list itself.
 */
import type { ErrorCode } from '../../index.js';

export const SENTENCES: Readonly<Record<string, string>> = {
  // The parser of arguments; flags and names are in the help's own words
  "unknown command '{name}'": '未知命令 {name}',
  "unknown option '{name}'": '未知选项 {name}',
  "missing required argument '{argument}'": '缺少必需的参数：{argument}',
  "option '{flags}' argument missing": '选项 {flags} 缺少值',
  "required option '{flags}' not specified": '必须指定选项 {flags}',
  "option '{flags}' cannot be used with option '{flags2}'": '选项 {flags} 不能与 {flags2} 一起使用',
  "too many arguments for '{name}'. Expected {most} arguments but got {count}.":
    '{name} 的参数过多：最多 {most} 个，给出了 {count} 个。',
  "too many arguments for '{name}'. Expected {most} argument but got {count}.":
    '{name} 的参数过多：最多 {most} 个，给出了 {count} 个。',
  "option '{flags}' argument '{value}' is invalid. {hint}": '选项 {flags} 的值 {value} 无效。{hint}',
  "command-argument value '{value}' is invalid for argument '{argument}'. {hint}":
    '参数 {argument} 的值 {value} 无效。{hint}',
  'Allowed choices are {choices}.': '可选值：{choices}。',

  // doctor, about states; before the shorter sentence of health
  '{name} is {state} at tracker {tracker}; {advice}':
    '跟踪器 {tracker} 认为{name} 的状态为 {state}；{advice}',

  // health
  'tracker {address} cannot be reached: {status}': '无法连接跟踪器 {address}：{status}',
  'tracker {address} refuses the command of trackers: {advice}':
    '跟踪器 {address} 拒绝了跟踪器的命令：{advice}',
  'this is a storage, not a tracker; `trackers` (tracker_server) must name trackers, which usually listen on port 22122':
    '这是存储服务器，不是跟踪器；`trackers`（tracker_server）必须是跟踪器，通常监听 22122 端口',
  'no tracker is the leader': '没有主跟踪器',
  'the groups could not be read: {problem}': '无法读取组：{problem}',
  'no group has been set up: no storage has joined the trackers':
    '还没有任何组：没有存储服务器加入这些跟踪器',
  'group {group} has no storage that is ACTIVE and writable': '组 {group} 没有 ACTIVE 且可写的存储服务器',
  'group {group} has no storage that is ACTIVE and readable': '组 {group} 没有 ACTIVE 且可读的存储服务器',
  'group {group} has no space above the reserve: {free} free of {total}, {reserved} reserved':
    '组 {group} 除保留空间外已无空间：剩余 {free}，共 {total}，保留 {reserved}',
  'storage {id} of group {group} is {lag} seconds behind the others':
    '组 {group} 的存储服务器 {id} 落后其他服务器 {lag} 秒',
  'storage {id} of group {group} is {state}': '组 {group} 的存储服务器 {id} 的状态为 {state}',
  'storage {id} of group {group}': '组 {group} 的存储服务器 {id}',
  'group {group} uses trunk files and has no ACTIVE trunk server':
    '组 {group} 使用 trunk 文件，但没有 ACTIVE 的 trunk 服务器',
  '{behind} and applies no changes, while files are added there': '{behind}，且没有在同步，而那里仍有新文件',
  '{behind}, or idle: nothing shows that it lacks a file': '{behind}，或者只是空闲：没有迹象表明它缺少文件',
  'storage {id} of group {group} has applied no change of the others':
    '组 {group} 的存储服务器 {id} 还没有同步过其他服务器的改动',

  // doctor
  'tracker {address} (mapped to {mapped}) cannot be reached from here: {problem}; {advice}':
    '从本机无法连接跟踪器 {address}（映射到 {mapped}）：{problem}；{advice}',
  'tracker {address} cannot be reached from here: {problem}; {advice}':
    '从本机无法连接跟踪器 {address}：{problem}；{advice}',
  'start it, open its port to this machine, or correct tracker_server':
    '请启动它，向本机开放其端口，或改正 tracker_server',
  'tracker {address} answers with an error: {problem}': '跟踪器 {address} 返回错误：{problem}',
  "the clock of tracker {address} is {seconds} seconds or more {direction} this machine's; {advice}":
    '跟踪器 {address} 的时钟比本机{direction} {seconds} 秒或更多；{advice}',
  'ahead of': '快',
  behind: '慢',
  'synchronize both (NTP): tokens in URLs and the times of files depend on it':
    '请同步两者的时钟（NTP）：URL 中的 token 和文件时间都依赖它',
  '{name} cannot be reached from here at {address} (announced as {announced}): {problem}; {advice}':
    '从本机无法连接{name}（{address}，上报为 {announced}）：{problem}；{advice}',
  '{name} cannot be reached from here at {address}: {problem}; {advice}':
    '从本机无法连接{name}（{address}）：{problem}；{advice}',
  'start it': '请启动它',
  'open port {port} to this machine, or set mapAddress (--map {announced}=reachable-host) where the address is of a network that this machine is not in':
    '请向本机开放端口 {port}；如果该地址所在的网络本机不在其中，请设置 mapAddress（--map {announced}=可达主机）',
  'correct the address mapping': '请改正地址映射',
  'it answers here, so it cannot reach that tracker: check tracker_server in its storage.conf and the network between them':
    '它能应答本机，因此是它连不上那台跟踪器：请检查其 storage.conf 中的 tracker_server 以及两者之间的网络',
  'wait until it has joined, and look into its log if it does not':
    '请等待它加入集群；如果一直没有加入，请查看它的日志',
  'no tracker is the leader; wait some seconds after a start, then check that the trackers can reach each other':
    '没有主跟踪器；刚启动时请等待几秒，然后检查跟踪器之间能否互相连接',
  'several trackers are the leader ({addresses}): they cannot reach each other, or belong to different clusters':
    '有多个主跟踪器（{addresses}）：它们无法互相连接，或属于不同的集群',
  'no storage has joined the trackers; start one whose storage.conf names them in tracker_server':
    '没有存储服务器加入这些跟踪器；请启动一台在 storage.conf 的 tracker_server 中写有它们的存储服务器',
  'the storages have different versions ({versions}); upgrade the older ones':
    '存储服务器的版本不一致（{versions}）；请升级较旧的',

  // verify
  'the storage has a file that the others do not have and that is not as it was stored':
    '这台存储服务器上有一个其他服务器没有的文件，而且不是当初存入的内容',
  'the storage does not have the file, others do': '这台存储服务器缺少该文件，其他服务器有',
  'no storage has the file': '没有存储服务器有该文件',
  'Checksum mismatch: expected {expected} by {source}, got {got}':
    '校验值不符：按{source}应为 {expected}，实为 {got}',
  '{size} bytes with CRC-32 {crc32}': '{size} 字节、CRC-32 {crc32}',
  'the storage is {state}; none of its copies was verified':
    '这台存储服务器的状态为 {state}；其上的副本都没有校验',
  'the copies of the other storages': '其他存储服务器上的副本',
  'the id': '文件 ID ',
  'the storage could not list store path {path}: {problem}':
    '这台存储服务器无法列出存储路径 {path}：{problem}',
  'there is no such group': '没有这个组',

  // Warnings about a client.conf
  '{place}: unknown key {key} is ignored; did you mean {meant}?':
    '{place}：未知的设置 {key} 被忽略；是不是想写 {meant}？',
  '{place}: unknown key {key} is ignored': '{place}：未知的设置 {key} 被忽略',
  '{place}: {key} is not read, as it stands in section {section}':
    '{place}：{key} 位于 {section} 一节，不会被读取',
  '{place}: {key} is a name of the Java clients and not read':
    '{place}：{key} 是 Java 客户端的名称，不会被读取',
  '{place}: {key} is a name of the Java clients and not read; FastDFS calls it {other}':
    '{place}：{key} 是 Java 客户端的名称，不会被读取；FastDFS 中写作 {other}',
  '{place}: connect_first_by is not used: trackers give this client one address of each storage':
    '{place}：connect_first_by 没有作用：跟踪器只给本客户端每台存储服务器的一个地址',
  '{place}: FastDFS knows no comments behind a value: all of {value} is the value of {key}':
    '{place}：FastDFS 不支持写在值后面的注释：{key} 的值是整个 {value}',
  '{place}: tracker_server is ignored: FastDFS reads no more than {count} of them':
    '{place}：这一行 tracker_server 被忽略：FastDFS 最多读取 {count} 行',
  '{place}: tracker_server = {value} is read as {address}: FastDFS ignores the rest of the line':
    '{place}：tracker_server = {value} 读作 {address}：FastDFS 忽略该行其余的内容',
  '{place}: {key} = {value} is read as {seconds} seconds: FastDFS reads no units and ignores what follows a number':
    '{place}：{key} = {value} 读作 {seconds} 秒：FastDFS 不识别单位，忽略数字之后的内容',

  // Errors of the system
  'no such file or directory': '没有这个文件或文件夹',
  'permission denied': '没有权限',
  'operation not permitted': '操作不允许',
  'illegal operation on a directory': '不能对文件夹进行此操作',
  'not a directory': '不是文件夹',
  'file already exists': '文件已存在',
  'no space left on device': '磁盘空间不足',
  'read-only file system': '文件系统只读',
  'too many open files': '打开的文件过多',
  'name too long': '名字过长',
};

/** What an error means; the English message follows it, for searching. */
export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  FASTDFS_ARGUMENT: '参数无效',
  FASTDFS_BAD_FILE_ID: '文件 ID 无效',
  FASTDFS_CONFIG: '配置有误',
  FASTDFS_NOT_APPENDER: '不是追加文件',
  FASTDFS_OPTION_FAILED: '选项中的函数出错',
  FASTDFS_SIZE_MISMATCH: '大小与预期不符',
  FASTDFS_SIZE_UNKNOWN: '大小未知',
  FASTDFS_TRUNCATED: '内容被截断',
  FASTDFS_ACCESS: '服务器没有权限',
  FASTDFS_ALREADY: '已经完成',
  FASTDFS_BUSY: '服务器忙',
  FASTDFS_EXISTS: '已经存在',
  FASTDFS_INVALID: '服务器认为请求无效',
  FASTDFS_IO_ERROR: '服务器读写出错',
  FASTDFS_IS_A_DIRECTORY: '服务器上是文件夹',
  FASTDFS_NO_SPACE: '服务器空间不足',
  FASTDFS_NOT_A_DIRECTORY: '服务器上不是文件夹',
  FASTDFS_NOT_ACTIVE: '服务器尚未就绪',
  FASTDFS_NOT_FOUND: '不存在',
  FASTDFS_NOT_PERMITTED: '服务器不允许',
  FASTDFS_NOT_SUPPORTED: '服务器不支持',
  FASTDFS_SERVER_ERROR: '服务器出错',
  FASTDFS_SERVER_MEMORY: '服务器内存不足',
  FASTDFS_SERVER_TIMEOUT: '服务器超时',
  FASTDFS_CONNECT_FAILED: '无法连接',
  FASTDFS_CONNECT_TIMEOUT: '连接超时',
  FASTDFS_CONNECTION_LOST: '连接中断',
  FASTDFS_NO_TRACKER: '没有可用的跟踪器',
  FASTDFS_ORPHAN: '遗留了文件',
  FASTDFS_POOL_TIMEOUT: '等待空闲连接超时',
  FASTDFS_PROGRESS_TIMEOUT: '传输停滞',
  FASTDFS_READER_IDLE: '读取方停滞',
  FASTDFS_RESPONSE_TIMEOUT: '应答超时',
  FASTDFS_CHECKSUM_MISMATCH: '校验值不符',
  FASTDFS_PROTOCOL: '应答不符合协议',
  FASTDFS_ABORTED: '已中止',
  FASTDFS_CLOSED: '客户端已关闭',
  FASTDFS_INDEX: '索引出错',
  FASTDFS_REQUEST_ABORTED: '请求已中止',
  FASTDFS_SPOOL: '临时文件出错',
};
