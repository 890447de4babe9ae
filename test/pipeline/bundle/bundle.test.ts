import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifest, verifyBundle } from '../../../src/pipeline/bundle/bundle.js';
import { Pipeline } from '../../../src/pipeline/pipeline.js';
import { CPU, copyBundle, editManifest, replaceFile, TINY, TINY_RGB } from '../support.js';

const bad = (message: RegExp) =>
  expect.objectContaining({ code: 'bad_bundle', message: expect.stringMatching(message) });

/** Sets a field of bundle.json by its path. */
function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    target[name] = value;
  } else {
    put(target[name] as Record<string, unknown>, rest.join('.'), value);
  }
}

describe('verifyBundle', () => {
  test.each([TINY, TINY_RGB])('accepts %s', async (dir) => {
    const bundle = await verifyBundle(dir);
    expect(bundle.dir).toBe(dir);
    expect(bundle.manifest.prior.positions).toBe(16);
  });

  test('a missing folder', async () => {
    await expect(verifyBundle('/nowhere/at-all')).rejects.toEqual(
      bad(/^There is no bundle folder \/nowhere\/at-all\.$/),
    );
  });

  test('a folder without bundle.json', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tessera-empty-'));
    await expect(verifyBundle(dir)).rejects.toEqual(bad(/has no readable bundle\.json/));
  });

  test('a missing file', async () => {
    const dir = await copyBundle();
    await rm(join(dir, 'decoder.onnx'));
    await expect(verifyBundle(dir)).rejects.toEqual(bad(/lacks its file decoder\.onnx/));
  });

  test('a file cut short', async () => {
    const dir = await copyBundle();
    await truncate(join(dir, 'step.onnx'), 1000);
    await expect(verifyBundle(dir)).rejects.toEqual(bad(/step\.onnx .* has 1000 bytes instead of \d+/));
  });

  test('a file with one bit turned is only found by its checksum', async () => {
    const dir = await copyBundle();
    const bytes = await readFile(join(dir, 'step.onnx'));
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(join(dir, 'step.onnx'), bytes);
    await expect(verifyBundle(dir)).rejects.toEqual(bad(/step\.onnx .* is damaged/));
    await expect(verifyBundle(dir, { checksums: false })).resolves.toBeDefined();
    await expect(Pipeline.open({ ...CPU, bundleDir: dir })).rejects.toEqual(bad(/step\.onnx .* is damaged/));
  });

  test('a folder where a file should be', async () => {
    const dir = await copyBundle();
    await rm(join(dir, 'phrases.json'));
    await cp(TINY_RGB, join(dir, 'phrases.json'), { recursive: true });
    await expect(verifyBundle(dir)).rejects.toEqual(bad(/phrases\.json .* is not a file/));
  });

  test('stops when it is aborted', async () => {
    await expect(verifyBundle(TINY, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('readManifest', () => {
  test('unreadable JSON', async () => {
    const dir = await copyBundle();
    await writeFile(join(dir, 'bundle.json'), '{ "formatVersion": 1,');
    await expect(readManifest(dir)).rejects.toEqual(bad(/is not readable JSON/));
  });

  test('a future format says which one this build reads, whatever else has changed', async () => {
    const dir = await copyBundle();
    await writeFile(join(dir, 'bundle.json'), '{ "formatVersion": 3, "everything": "else" }');
    await expect(readManifest(dir)).rejects.toEqual(bad(/format version 3; this build of Tessera reads version 2/));
  });

  test.each([
    ['formatVersion', 0, /formatVersion/],
    ['formatVersion', '1', /formatVersion/],
    ['name', '', /name/],
    ['embeddingWidth', 16.5, /embeddingWidth/],
    ['prior.layers', 0, /prior\.layers/],
    ['prior.codebookSize', 70_000, /prior\.codebookSize/],
    ['prior.positions', 15, /decoder\.grid: expected a grid with 15 positions but it has 16/],
    ['prior.depth', null, /prior\.depth/],
    ['prior.codesPerPosition', 1, /prior\.depth/],
    ['decoder.channels', 2, /decoder\.channels/],
    ['imageEncoder.mean', [0.5, 0.5], /imageEncoder\.mean/],
    ['imageEncoder.std', [0.5, 0, 0.5], /imageEncoder\.std/],
    ['sampling.topP', 0, /sampling\.topP/],
    ['sampling.temperature', -1, /sampling\.temperature/],
    ['calibration.textMean', [1, 2, 3], /calibration\.textMean: expected 16 numbers but there are 3/],
    ['textEncoder.file', 'other.onnx', /other\.onnx is used but not listed/],
    ['files.step~onnx', {}, /files/],
  ])('a wrong %s (%j)', async (path, value, message) => {
    const dir = await copyBundle();
    await editManifest(dir, (manifest) => put(manifest, path, value));
    await expect(readManifest(dir)).rejects.toEqual(bad(message));
  });

  test.each(['../secret.onnx', '/etc/passwd', 'a/b.onnx', '..', '.hidden', 'C:\\x', 'x\u0000y', ''])(
    'a file name that is more than a name: %j',
    async (name) => {
      const used = await copyBundle();
      await editManifest(used, (manifest) => put(manifest, 'decoder.file', name));
      await expect(readManifest(used)).rejects.toEqual(bad(/decoder\.file: expected a plain file name/));
      const listed = await copyBundle();
      await editManifest(listed, (manifest) => {
        (manifest.files as Record<string, unknown>)[name] = { bytes: 1, sha256: '0'.repeat(64) };
      });
      await expect(readManifest(listed)).rejects.toEqual(bad(/files/));
    },
  );
});

describe('Pipeline.open', () => {
  test.each([
    [
      'a wider codebook',
      'prior.codebookSize',
      128,
      /Expected float32 \[\*, 128\] for logits of step\.onnx but it is float32 \[N, 64\]/,
    ],
    ['more heads', 'prior.heads', 4, /Expected float32 \[\*, 4, 16, 16\] for past_key_0 of step\.onnx/],
    ['more layers', 'prior.layers', 3, /step\.onnx has no output present_key_2/],
    ['fewer layers', 'prior.layers', 1, /step\.onnx asks for an unknown input past_key_1/],
    ['another context', 'textEncoder.contextLength', 13, /input_ids of text_encoder\.onnx/],
    ['a larger picture', 'decoder.imageSize', 64, /pixels of decoder\.onnx/],
    ['a larger view', 'imageEncoder.imageSize', 32, /pixels of image_encoder\.onnx/],
  ])('graphs that are not as described: %s', async (_, path, value, message) => {
    const bundleDir = await copyBundle();
    await editManifest(bundleDir, (manifest) => put(manifest, path, value));
    await expect(Pipeline.open({ ...CPU, bundleDir })).rejects.toEqual(bad(message));
  });

  test('a file that is no graph at all', async () => {
    const bundleDir = await copyBundle();
    await replaceFile(bundleDir, 'decoder.onnx', Buffer.from('not a graph'));
    await expect(Pipeline.open({ ...CPU, bundleDir })).rejects.toEqual(
      bad(/decoder\.onnx is not a graph that ONNX Runtime can load/),
    );
  });

  test('another graph under the right name', async () => {
    const bundleDir = await copyBundle();
    await replaceFile(bundleDir, 'decoder.onnx', await readFile(join(TINY, 'encoder.onnx')));
    await expect(Pipeline.open({ ...CPU, bundleDir })).rejects.toEqual(
      bad(/decoder\.onnx asks for an unknown input pixels/),
    );
  });

  test('a tokenizer that is none', async () => {
    const bundleDir = await copyBundle();
    await replaceFile(bundleDir, 'tokenizer.json', Buffer.from('{}'));
    await expect(Pipeline.open({ ...CPU, bundleDir })).rejects.toEqual(bad(/tokenizer\.json/));
  });

  test('an execution provider that this machine lacks', async () => {
    await expect(Pipeline.open({ ...CPU, provider: 'cuda', bundleDir: TINY })).rejects.toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringMatching(/cuda/),
    });
  });
});
