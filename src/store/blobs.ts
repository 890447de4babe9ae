import { StoreError } from './errors.js';

// Byte order is little endian whatever the machine, so that a database file can be moved.

/** float32 [N] → 4·N bytes. */
export function floatsToBlob(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** 4·N bytes → float32 [N]. */
export function blobToFloats(blob: unknown): Float32Array {
  const view = viewOf(blob, 4);
  const values = new Float32Array(view.byteLength / 4);
  // A loop: `from` and `map` take four to fifteen times as long, and a job reads one embedding a picture.
  for (let i = 0; i < values.length; i += 1) {
    values[i] = view.getFloat32(i * 4, true);
  }
  return values;
}

/** uint16 [N] → 2·N bytes. */
export function tokensToBlob(values: Uint16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, i) => {
    view.setUint16(i * 2, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** 2·N bytes → uint16 [N]. */
export function blobToTokens(blob: unknown): Uint16Array {
  const view = viewOf(blob, 2);
  return Uint16Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(i * 2, true));
}

/** libsql hands out a Buffer from `get` and an ArrayBuffer from `all`. */
function viewOf(blob: unknown, bytesPerValue: number): DataView {
  const view =
    blob instanceof Uint8Array
      ? new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
      : blob instanceof ArrayBuffer
        ? new DataView(blob)
        : undefined;
  if (view === undefined || view.byteLength % bytesPerValue !== 0) {
    throw new StoreError('store_damaged', `A stored blob is not a whole number of ${bytesPerValue}-byte values.`);
  }
  return view;
}
