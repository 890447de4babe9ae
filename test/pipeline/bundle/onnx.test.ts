import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readManifest } from '../../../src/pipeline/bundle/bundle.js';
import { floatsOf, int64Tensor, Session } from '../../../src/pipeline/bundle/onnx.js';
import { PictureDecoder } from '../../../src/pipeline/picture/codec.js';
import { CPU, copyBundle, TINY_RGB } from '../support.js';

describe('a graph that rests', () => {
  async function openDecoder() {
    const dir = await copyBundle(TINY_RGB);
    const { decoder, prior } = await readManifest(dir);
    const path = join(dir, decoder.file);
    const session = await Session.open(path, CPU);
    onTestFinished(() => session.release());
    const tokens = BigInt64Array.from({ length: prior.positions }, (_, i) => BigInt(i % prior.codebookSize));
    const decode = async () =>
      floatsOf(await session.run({ image_tokens: int64Tensor(tokens, [1, prior.positions, 1]) }), 'pixels');
    return { session, decode, path, decoder, prior };
  }

  test('gives the same results when it is loaded again, and rests as often as it is told to', async () => {
    const { session, decode, path } = await openDecoder();
    const before = await decode();
    await session.rest();
    await session.rest();
    // It was really let go: without its file it does not come back, with it it does.
    await rename(path, `${path}.gone`);
    await expect(decode()).rejects.toThrow('decoder.onnx is not a graph that ONNX Runtime can load.');
    await rename(`${path}.gone`, path);
    expect(await decode()).toEqual(before);
    expect(session.inputs.map(({ name }) => name)).toEqual(['image_tokens']);
  });

  test('does not while it runs', async () => {
    const { session, decode, path } = await openDecoder();
    const running = decode();
    await session.rest();
    const result = await running;
    await rename(path, `${path}.gone`);
    expect(await decode()).toEqual(result);
  });

  test('two runs that wake it share one loading', async () => {
    const { session, decode } = await openDecoder();
    const before = await decode();
    await session.rest();
    expect(await Promise.all([decode(), decode()])).toEqual([before, before]);
  });

  test('only a large decoder does', async () => {
    const { session, decoder, prior } = await openDecoder();
    const rest = vi.spyOn(session, 'rest');
    await new PictureDecoder(session, decoder, prior).rest();
    expect(rest).not.toHaveBeenCalled();
    await new PictureDecoder(session, { ...decoder, imageSize: 256 }, prior).rest();
    expect(rest).toHaveBeenCalledOnce();
  });
});
