/**
 * Freezes plain data with all inner objects and lists. An object that is frozen already is taken to be frozen inside
 * as well.
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
