import { describe, expect, it } from 'vitest';
import { createLogger, redact } from '../src/logger.js';

/** Split, so that nobody's scanner takes it for a real one. */
const token = ['MTE5ODYyMjQ4MzQ3MTkyNTI0OA', 'Cl2FMZ', 'ZnCjm1XVW7vRze4b7Cq4se7kKWs1A0b2c3d4e5'].join('.');

function logged(level: Parameters<typeof createLogger>[0], write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  write(createLogger(level, { write: (line) => lines.push(line) }));
  return lines;
}

describe('createLogger', () => {
  it('writes one JSON object a line with a readable level', () => {
    const [line] = logged('info', (log) => log.info({ jobId: 'x' }, 'painted'));
    expect(JSON.parse(line ?? '')).toMatchObject({ level: 'info', jobId: 'x', msg: 'painted' });
  });

  it('hides tokens in fields, messages and errors', () => {
    const lines = logged('trace', (log) => {
      log.info({ token, options: { discordToken: token, headers: { authorization: `Bot ${token}` } } }, 'connect');
      log.warn(`token is ${token}`);
      log.error({ err: new Error(`POST https://discord.com/api/webhooks/123/${'a'.repeat(60)}/messages`) }, 'failed');
      log.error({ err: new Error('connect redis://me:hunter2@host:6379') }, 'failed');
    }).join('');
    expect(lines).not.toContain(token);
    expect(lines).not.toContain('a'.repeat(60));
    expect(lines).not.toContain('hunter2');
    expect(lines).toContain('redis://me:[redacted]@host:6379');
  });

  it('says of an error what went wrong and nothing that hangs on it', () => {
    const failed = Object.assign(new Error('Service Unavailable'), {
      code: 50_013,
      status: 503,
      method: 'PATCH',
      requestBody: { files: [{ data: Buffer.alloc(9, 7) }], json: { content: 'a private wish' } },
    });
    const refused = Object.assign(new Error('WRONGPASS'), {
      command: { name: 'auth', args: ['hunter2'] },
      cause: failed,
    });
    const [line = ''] = logged('trace', (log) => log.warn({ err: refused }, 'failed'));
    expect(JSON.parse(line).err).toMatchObject({
      type: 'Error',
      message: 'WRONGPASS',
      cause: { code: 50_013, status: 503 },
    });
    expect(line).not.toMatch(/hunter2|private wish|7,7,7|requestBody/);
    const [odd = ''] = logged('info', (log) => log.warn({ err: { prompt: 'a private wish' } }, 'failed'));
    expect(odd).not.toContain('private wish');
  });

  it('keeps prompts out of the log unless debugging', () => {
    const write = (log: ReturnType<typeof createLogger>) => log.info({ job: { prompt: 'a private wish' } }, 'accepted');
    expect(logged('info', write).join('')).not.toContain('a private wish');
    expect(logged('debug', write).join('')).toContain('a private wish');
  });
});

describe('redact', () => {
  it('leaves ordinary text alone', () => {
    const text = 'Listening on http://127.0.0.1:8080/healthz, version 1.2.3, job 0ABCDEF12345.';
    expect(redact(text)).toBe(text);
  });
});
