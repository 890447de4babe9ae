/** Width and height from the first bytes of a PNG, GIF, JPEG or WebP; null for anything else. Nothing is decoded. */
export function imageSize(bytes: Uint8Array): { readonly widthPx: number; readonly heightPx: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  if (bytes.byteLength < 26) {
    return null;
  }
  if (ascii(1, 4) === 'PNG') {
    return { widthPx: view.getUint32(16), heightPx: view.getUint32(20) };
  }
  if (ascii(0, 3) === 'GIF') {
    return { widthPx: view.getUint16(6, true), heightPx: view.getUint16(8, true) };
  }
  if (ascii(0, 4) === 'RIFF' && ascii(8, 16) === 'WEBPVP8X' && bytes.byteLength >= 30) {
    const at = (offset: number) => 1 + (view.getUint32(offset - 1, true) >>> 8);
    return { widthPx: at(24), heightPx: at(27) };
  }
  return view.getUint16(0) === 0xffd8 ? jpegSize(view) : null;
}

/** Walks the JPEG segments to the first start-of-frame. */
function jpegSize(view: DataView): { readonly widthPx: number; readonly heightPx: number } | null {
  let at = 2;
  while (at + 9 < view.byteLength) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) {
      return { widthPx: view.getUint16(at + 7), heightPx: view.getUint16(at + 5) };
    }
    if (marker >> 8 !== 0xff) {
      return null;
    }
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}
