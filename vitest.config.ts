import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // The sources as they are now, never a dist/ that was left from before.
    alias: { '@tessera/playground': new URL('packages/playground/src/index.ts', import.meta.url).pathname },
  },
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    globalSetup: ['test/setup/compile-sources.ts'],
    // Real ONNX sessions and child processes: a loaded two-core machine needs more than the default 5 s.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
