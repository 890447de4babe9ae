/**
 * JSON that carries typed arrays, as `{"$f32": "<base64>"}` and the like: it can be read by another version of Node or of
 * Tessera, unlike V8's own serialisation. Byte order is little endian, which every machine that runs ONNX has.
 */
export function encode(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key) {
    // Not the second argument: a Buffer would come as what its own toJSON makes of it.
    const original = this[key];
    for (const [tag, type] of Object.entries(types)) {
      if (original instanceof type) {
        return { [tag]: base64Of(original) };
      }
    }
    return original;
  });
}

/** @throws SyntaxError when it is not JSON */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const [entry, ...others] = Object.entries(value);
    if (entry === undefined || others.length > 0 || typeof entry[1] !== 'string') {
      return value;
    }
    const [tag, base64] = entry;
    const bytes = () => Uint8Array.from(Buffer.from(base64, 'base64'));
    if (tag === '$u8') {
      return bytes();
    }
    if (tag === '$u16') {
      return new Uint16Array(wholeValues(bytes(), 2));
    }
    if (tag === '$f32') {
      return new Float32Array(wholeValues(bytes(), 4));
    }
    return value;
  });
}

const types = { $u8: Uint8Array, $u16: Uint16Array, $f32: Float32Array };

function base64Of(array: Uint8Array | Uint16Array | Float32Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

function wholeValues(bytes: Uint8Array, bytesPerValue: number): ArrayBuffer {
  if (bytes.byteLength % bytesPerValue !== 0) {
    throw new SyntaxError('A typed array is cut off.');
  }
  return new Uint8Array(bytes).buffer;
}
