import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Results are judged, never times: a busy machine must not fail a test.
  test: { testTimeout: 120_000, maxWorkers: '100%' },
});
