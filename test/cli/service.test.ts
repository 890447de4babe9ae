import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';

const script = fileURLToPath(new URL('./fixtures/service.mjs', import.meta.url));

/** Runs the service, sends the signals one after another once it has started, and tells how it ended. */
async function service(way: string, ...signals: readonly NodeJS.Signals[]) {
  const child = spawn(process.execPath, [script, inject('distDir'), way]);
  const exited = once(child, 'exit');
  const printed = Promise.all([text(child.stdout), text(child.stderr)]);
  const [first, second] = signals;
  if (first !== undefined) {
    await once(child.stdout, 'data');
    child.kill(first);
  }
  if (second !== undefined) {
    // The first one was heard: it is logged.
    await once(child.stderr, 'data');
    child.kill(second);
  }
  const [code] = await exited;
  const [stdout, stderr] = await printed;
  return { code, isClosed: stdout.includes('closed'), stderr };
}

describe('a service', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('closes everything on %s and ends with 0', async (signal) => {
    expect(await service('well', signal)).toMatchObject({ code: 0, isClosed: true });
  });

  it('ends at once on a second signal', async () => {
    expect(await service('slowly', 'SIGINT', 'SIGINT')).toMatchObject({ code: 130, isClosed: false });
  });

  it('ends when its shutdown takes too long', async () => {
    const ended = await service('never stops', 'SIGTERM');
    expect(ended).toMatchObject({ code: 1, isClosed: false });
    expect(ended.stderr).toContain('the shutdown took too long');
  });

  it.each([
    ['throws', 'a bug'],
    ['rejects', 'a forgotten promise'],
  ])('logs what nobody caught, closes everything and ends with 1: it %s', async (way, message) => {
    const ended = await service(way);
    expect(ended).toMatchObject({ code: 1, isClosed: true });
    expect(ended.stderr).toContain(message);
  });

  it('ends with an error when it cannot start', async () => {
    const ended = await service('cannot start');
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain('no luck');
  });
});
