/** What an example computed, and what it says about it. */
export const SAID: { readonly value: unknown; readonly comment: string }[] = [];

/** Notes the value of an expression and the comment behind it. */
export function said<T>(value: T, comment: string): T {
  SAID.push({ value, comment });
  return value;
}
