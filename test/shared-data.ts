import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

/**
 * Outside data (traces, dumps, published curves) is not part of the repository. Where a copy lies in
 * `shared/data` beside the checkout, tests read it there; elsewhere they skip and say what is missing.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'shared', 'data');

/** The absolute path of a file or folder of the outside data, or `undefined` where it is absent. */
export function shared(relativePath: string): string | undefined {
  const path = join(ROOT, relativePath);
  return existsSync(path) ? path : undefined;
}

/** `describe` for tests that need one file or folder of the outside data. */
export function describeWithShared(
  relativePath: string,
  title: string,
  define: (path: string) => void,
): void {
  const path = shared(relativePath);
  if (path !== undefined) describe(title, () => define(path));
  else {
    console.warn(`skipped "${title}": outside data ${relativePath} is not here`);
    describe(title, () => it.skipIf(true)(`needs outside data: ${relativePath}`, () => undefined));
  }
}
