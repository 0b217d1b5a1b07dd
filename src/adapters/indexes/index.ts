/**
 * `fastdfs-streams/indexes`: indexes that lead keys of the user's choice to file ids, for the blob store and for tus. Each
 * needs one optional package: `classic-level`, `redis` or `pg`.
 */
export type { KeyEntry, KeyIndex, KeyPage, MapLike } from './contract.js';
export { levelIndex } from './level.js';
export { type PostgresIndexOptions, type PostgresQueries, postgresIndex } from './postgres.js';
export { type RedisCommands, type RedisIndexOptions, redisIndex } from './redis.js';
