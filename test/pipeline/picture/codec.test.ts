import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readManifest } from '../../../src/pipeline/bundle/bundle.js';
import { Session } from '../../../src/pipeline/bundle/onnx.js';
import { PictureDecoder } from '../../../src/pipeline/picture/codec.js';
import { CPU, TINY } from '../support.js';

async function openDecoder() {
  const { decoder: settings, prior } = await readManifest(TINY);
  const session = await Session.open(join(TINY, settings.file), CPU);
  onTestFinished(() => session.release());
  const runs = vi.spyOn(session, 'run');
  /** Tokens of as many different pictures as there are numbers. */
  const tokens = (picture: number) =>
    new Uint16Array(prior.positions * prior.codesPerPosition).fill(picture % prior.codebookSize);
  return { decoder: new PictureDecoder(session, settings, prior), runs, tokens };
}

test('the last 16 pictures stay decoded, by their tokens and not by whose they are', async () => {
  const { decoder, runs, tokens } = await openDecoder();
  const first = await decoder.decode(tokens(0));
  for (let picture = 1; picture < 16; picture++) {
    await decoder.decode(tokens(picture));
  }
  expect(await decoder.decode(tokens(0))).toBe(first);
  expect(runs).toHaveBeenCalledTimes(16);
  // One more: 1 is now the one that was asked for the longest time ago, and 0 is not.
  await decoder.decode(tokens(16));
  expect(await decoder.decode(tokens(0))).toBe(first);
  expect(runs).toHaveBeenCalledTimes(17);
  await decoder.decode(tokens(1));
  expect(runs).toHaveBeenCalledTimes(18);
});

test('a picture decoded anew is the same to the last bit', async () => {
  const { decoder, runs, tokens } = await openDecoder();
  const before = await decoder.decode(tokens(0));
  for (let picture = 1; picture <= 16; picture++) {
    await decoder.decode(tokens(picture));
  }
  const after = await decoder.decode(tokens(0));
  expect(runs).toHaveBeenCalledTimes(18);
  expect(after).not.toBe(before);
  expect(after).toEqual(before);
});

test('a half-drawn picture is neither kept nor drawn over one that is', async () => {
  const { decoder, tokens } = await openDecoder();
  const whole = await decoder.decode(tokens(3));
  const copy = whole.data.slice();
  // All tokens are alike, so that the decoder sees the very same ones.
  const half = await decoder.decodePartial(tokens(3), 8);
  expect(half.data).not.toEqual(copy);
  expect(whole.data).toEqual(copy);
  expect(await decoder.decode(tokens(3))).toBe(whole);
});
