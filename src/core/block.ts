/** Content in memory, in as many pieces as it came in. */
export interface Block {
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all of them. */
  readonly size: number;
}
