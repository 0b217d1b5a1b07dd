/** Whose turn it is comes first, and the others follow in their order. */
export function rotate<T>(list: readonly T[], turn: number): readonly T[] {
  if (list.length < 2) return list;
  const start = turn % list.length;
  return start === 0 ? list : [...list.slice(start), ...list.slice(0, start)];
}
