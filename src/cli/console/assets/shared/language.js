/**
 * The language of a page, English or Chinese: the one that the browser asks for, or `?lang=zh`; and the texts that the console
 * and the page of the Express example have in common.
 */

const COMMON = {
  en: {
    files: 'Files',
    cluster: 'Cluster',
    requests: 'Requests per second',
    requestsLabel: 'Requests per second of each storage, for the last two minutes',
    close: 'Close',
    file: 'File',
    deleteTitle: 'Delete {name}?',
    deleteText: 'FastDFS has no trash: the file cannot be restored.',
    keep: 'Keep',
    delete: 'Delete',
    connecting: 'Connecting …',
    ok: 'All storages work',
    degraded: 'Degraded',
    down: 'Down',
    everyStorage: 'Every storage takes uploads and serves downloads.',
    idCopied: 'File id copied.',
    deleted: '{name} is deleted.',
    noPreview: 'The browser cannot show this file.',
    fileId: 'File id',
    size: 'Size',
    sizeValue: '{size} ({bytes} bytes)',
    tracker: 'Tracker {address}',
    trackers: 'Trackers',
    leader: 'leader',
    follower: 'follower',
    noTracker: 'cannot be reached',
    spaceUsed: 'Space used in {group}',
    space: '{free} of {total} free',
    spaceReserved: '{free} of {total} free, {reserved} of it reserved',
    rate: '{rate} req/s',
    silent: 'silent',
    stop: 'Stop',
    start: 'Start',
    stopStorage: 'Stop storage {address}',
    startStorage: 'Start storage {address}',
    stopped: 'Storage {address} was stopped.',
    started: 'Storage {address} was started.',
  },
  zh: {
    files: '文件',
    cluster: '集群',
    requests: '每秒请求数',
    requestsLabel: '最近两分钟内各存储服务器的每秒请求数',
    close: '关闭',
    file: '文件',
    deleteTitle: '删除 {name}？',
    deleteText: 'FastDFS 没有回收站，删除后无法恢复。',
    keep: '保留',
    delete: '删除',
    connecting: '正在连接……',
    ok: '存储服务器全部正常',
    degraded: '部分异常',
    down: '不可用',
    everyStorage: '所有存储服务器都可以上传和下载。',
    idCopied: '文件 ID 已复制。',
    deleted: '{name} 已删除。',
    noPreview: '浏览器无法显示此文件。',
    fileId: '文件 ID',
    size: '大小',
    sizeValue: '{size}（{bytes} 字节）',
    tracker: '跟踪器 {address}',
    trackers: '跟踪器',
    leader: '主',
    follower: '从',
    noTracker: '无法连接',
    spaceUsed: '{group} 已用空间',
    space: '剩余 {free} / {total}',
    spaceReserved: '剩余 {free} / {total}，其中保留 {reserved}',
    rate: '{rate} 次/秒',
    silent: '无应答',
    stop: '停止',
    start: '启动',
    stopStorage: '停止存储服务器 {address}',
    startStorage: '启动存储服务器 {address}',
    stopped: '存储服务器 {address} 已停止。',
    started: '存储服务器 {address} 已启动。',
  },
};

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language;
export const language = asked.toLowerCase().startsWith('zh') ? 'zh' : 'en';
/** For dates and numbers. */
export const locale = language === 'zh' ? 'zh-CN' : undefined;

/** Returns the texts of a page in its language: its own (`{ en: { … }, zh: { … } }`), and the common ones. */
export function pickTexts(own) {
  return { ...COMMON[language], ...own[language] };
}

/** Returns a text, its `{parts}` filled in. */
export function fillIn(text, parts = {}) {
  return text.replace(/\{(\w+)\}/g, (_, part) => String(parts[part]));
}

/** Fills in the texts of the document: `data-text` is the content, `data-label` what is read aloud. */
export function translateDocument(text) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = text('title');
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = text(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]'))
    element.ariaLabel = text(element.dataset.label);
}
