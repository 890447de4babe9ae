import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, environmentWithoutSecrets, loadConfig, packageRoot, resolveBundle } from '../src/config.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('loadConfig', () => {
  it('has the documented defaults', () => {
    expect(loadConfig({ env: {}, cwd: folder })).toEqual({
      discordToken: null,
      discordApiUrl: 'https://discord.com/api',
      discordGuildId: null,
      databasePath: join(folder, 'data/tessera.sqlite'),
      redisUrl: null,
      modelBundle: join(packageRoot(), 'models/emoji'),
      executionProvider: 'cpu',
      workers: 1,
      threadsPerWorker: availableParallelism(),
      httpPort: 8080,
      logLevel: 'info',
    });
  });

  it('takes every variable', () => {
    const config = loadConfig({
      env: {
        DISCORD_TOKEN: 'abc.def.ghi',
        DISCORD_API_URL: 'http://127.0.0.1:9/api/',
        DISCORD_GUILD_ID: '1234',
        DATABASE_PATH: ':memory:',
        REDIS_URL: 'redis://:pw@127.0.0.1:6379',
        MODEL_BUNDLE: '/srv/models/big',
        EXECUTION_PROVIDER: 'cuda',
        WORKERS: '2',
        THREADS_PER_WORKER: '3',
        HTTP_PORT: '0',
        LOG_LEVEL: 'debug',
      },
    });
    expect(config).toEqual({
      discordToken: 'abc.def.ghi',
      discordApiUrl: 'http://127.0.0.1:9/api',
      discordGuildId: '1234',
      databasePath: ':memory:',
      redisUrl: 'redis://:pw@127.0.0.1:6379',
      modelBundle: '/srv/models/big',
      executionProvider: 'cuda',
      workers: 2,
      threadsPerWorker: 3,
      httpPort: 0,
      logLevel: 'debug',
    });
  });

  it('shares the cores between several workers', () => {
    const { threadsPerWorker } = loadConfig({ env: { WORKERS: '64' }, cwd: folder });
    expect(threadsPerWorker).toBe(Math.max(1, Math.floor(availableParallelism() / 64)));
  });

  it.each([
    ['WORKERS', 'many', 'Expected a whole number from 1 to 64 for WORKERS but received "many".'],
    ['WORKERS', '0', 'Expected a whole number from 1 to 64 for WORKERS but received "0".'],
    ['THREADS_PER_WORKER', '1.5', 'for THREADS_PER_WORKER but received "1.5".'],
    ['HTTP_PORT', '65536', 'Expected a whole number from 0 to 65535 for HTTP_PORT but received "65536".'],
    ['EXECUTION_PROVIDER', 'tpu', 'Expected one of cpu, webgpu, cuda for EXECUTION_PROVIDER but received "tpu".'],
    ['LOG_LEVEL', 'loud', 'for LOG_LEVEL but received "loud".'],
    ['DISCORD_API_URL', 'discord.com', 'for DISCORD_API_URL but received "discord.com".'],
    ['DISCORD_GUILD_ID', 'my server', 'for DISCORD_GUILD_ID but received "my server".'],
  ])('names the variable: %s=%s', (name, value, message) => {
    expect(() => loadConfig({ env: { [name]: value }, cwd: folder })).toThrow(ConfigError);
    expect(() => loadConfig({ env: { [name]: value }, cwd: folder })).toThrow(message);
  });

  it('lists all problems at once', () => {
    const load = () => loadConfig({ env: { WORKERS: 'x', HTTP_PORT: 'y' }, cwd: folder });
    expect(load).toThrow(/WORKERS.*HTTP_PORT/);
  });

  it.each([
    ['DISCORD_TOKEN', 'my secret token'],
    ['REDIS_URL', 'http://user:hunter2@host'],
  ])('never prints the secret %s', (name, value) => {
    let message = '';
    try {
      loadConfig({ env: { [name]: value }, cwd: folder });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(name);
    expect(message).not.toContain(value);
    expect(message).not.toContain('secret token');
    expect(message).not.toContain('hunter2');
  });

  it('treats empty values as not set and trims the others', () => {
    const config = loadConfig({ env: { DISCORD_TOKEN: '', WORKERS: ' 2 ' }, cwd: folder });
    expect(config.discordToken).toBeNull();
    expect(config.workers).toBe(2);
  });

  it('answers any text with a configuration or a ConfigError that names the variable', () => {
    const names = ['WORKERS', 'HTTP_PORT', 'EXECUTION_PROVIDER', 'LOG_LEVEL', 'DISCORD_API_URL', 'REDIS_URL'];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string(), (name, value) => {
        try {
          loadConfig({ env: { [name]: value }, cwd: folder });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect(String(error)).toContain(name);
        }
      }),
    );
  });

  it('reads .env of the working folder', () => {
    const cwd = join(folder, 'with-env');
    mkdirSync(cwd);
    writeFileSync(join(cwd, '.env'), 'DISCORD_GUILD_ID=42\n');
    expect(loadConfig({ cwd }).discordGuildId).toBe('42');
  });

  it('reads what PowerShell writes, and refuses what is no text', () => {
    const cwd = join(folder, 'from-windows');
    mkdirSync(cwd);
    const write = (...bytes: (Buffer | string)[]) =>
      writeFileSync(join(cwd, '.env'), Buffer.concat(bytes.map((part) => Buffer.from(part))));
    const utf16 = Buffer.from('DISCORD_GUILD_ID=42\r\n', 'utf16le');
    write(Buffer.of(0xff, 0xfe), utf16);
    expect(loadConfig({ cwd }).discordGuildId).toBe('42');
    write(Buffer.of(0xfe, 0xff), Buffer.from(utf16).swap16());
    expect(loadConfig({ cwd }).discordGuildId).toBe('42');
    write(Buffer.of(0xef, 0xbb, 0xbf), 'DISCORD_GUILD_ID=43\n');
    expect(loadConfig({ cwd }).discordGuildId).toBe('43');
    write(utf16);
    expect(() => loadConfig({ cwd })).toThrow(/\.env, in UTF-8 or UTF-16/);
  });

  it('refuses a name that is almost one of ours', () => {
    const cwd = join(folder, 'mistyped');
    mkdirSync(cwd);
    writeFileSync(join(cwd, '.env'), 'DISCORD_TOKN=x\nMY_OWN=1\n');
    expect(() => loadConfig({ cwd })).toThrow(/Expected DISCORD_TOKEN in .*\.env but received DISCORD_TOKN\./);
    writeFileSync(join(cwd, '.env'), 'MY_OWN=1\nNODE_ENV=production\n');
    expect(loadConfig({ cwd }).discordToken).toBeNull();
  });
});

describe('resolveBundle', () => {
  it('prefers the working folder to the package', () => {
    mkdirSync(join(folder, 'models/mine'), { recursive: true });
    expect(resolveBundle('models/mine', folder)).toBe(join(folder, 'models/mine'));
    expect(resolveBundle('models/other', folder)).toBe(join(packageRoot(), 'models/other'));
    expect(resolveBundle('/abs', folder)).toBe('/abs');
  });
});

describe('environmentWithoutSecrets', () => {
  it('gives a painting process everything but the secrets', () => {
    const env = { PATH: '/bin', MODEL_BUNDLE: 'm', DISCORD_TOKEN: 'secret', REDIS_URL: 'redis://:secret@127.0.0.1' };
    expect(environmentWithoutSecrets(env)).toEqual({ PATH: '/bin', MODEL_BUNDLE: 'm' });
  });
});
