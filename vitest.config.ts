import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Results are judged, never times: a busy machine must not fail a test.
  // The library keeps no state that a test could change, so files share a process: loading it for each takes as long as testing it.
  test: { testTimeout: 120_000, maxWorkers: '100%', isolate: false },
});
