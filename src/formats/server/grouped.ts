/**
 * Items in groups of one key.
 *
 * @param items - in any order
 * @param keyOf - the key of an item
 * @returns key to its items, both in the order in which they come first
 * @complexity O(items)
 */
export function groupedBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
