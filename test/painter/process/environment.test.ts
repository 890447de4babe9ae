import { expect, test, vi } from 'vitest';
import { paintingEnvironment } from '../../../src/painter/process/environment.js';

test('a painting process gets no secret, and a limit for malloc unless there is one', () => {
  vi.stubEnv('DISCORD_TOKEN', 'secret');
  vi.stubEnv('MODEL_BUNDLE', 'fox');
  const ours = paintingEnvironment();
  vi.unstubAllEnvs();
  expect(ours).toMatchObject({ MODEL_BUNDLE: 'fox', MALLOC_MMAP_THRESHOLD_: '2097152' });
  expect(ours).not.toHaveProperty('DISCORD_TOKEN');
  expect(paintingEnvironment({ MALLOC_MMAP_THRESHOLD_: '65536' })).toEqual({ MALLOC_MMAP_THRESHOLD_: '65536' });
});
