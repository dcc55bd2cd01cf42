/**
 * Makes plain data unchangeable, down to its last list. What is frozen already is taken to be so all the way down.
 *
 * @param data - objects and lists without cycles
 * @returns the same data
 * @complexity O(values that are not frozen yet)
 */
export function deepFreeze<T>(data: T): T {
  if (typeof data !== 'object' || data === null || Object.isFrozen(data)) return data;
  Object.freeze(data);
  for (const name in data) deepFreeze(data[name]);
  return data;
}
