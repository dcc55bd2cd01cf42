/** What is looked up and filled: a `Map` or a `WeakMap`. */
interface Memory<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): unknown;
}

/**
 * The value that a map keeps for a key. If there is none, it is computed from the key and kept.
 *
 * @param memory - changed in place
 * @param key - the key
 * @param compute - returns the value, never undefined
 * @returns the value that is kept
 * @complexity O(1) beside `compute`, which runs once per key
 */
export function remembered<Key, Value>(
  memory: Memory<Key, Value>,
  key: Key,
  compute: (key: Key) => Value,
): Value {
  let value = memory.get(key);
  if (value === undefined) {
    value = compute(key);
    memory.set(key, value);
  }
  return value;
}
