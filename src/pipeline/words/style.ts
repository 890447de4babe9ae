/** The style that a prompt asks for, and the prompt without it. */

/** ", 3d style", "in flat style", "noto style fox", or a style's name behind the last comma. */
export function takeStyle(
  prompt: string,
  styles: readonly string[],
): { readonly text: string; readonly style?: string } {
  const words = prompt.split(/(\s+|,)/);
  const lower = words.map((word) => word.toLowerCase());
  for (const style of styles) {
    for (let at = lower.indexOf(style); at >= 0; at = lower.indexOf(style, at + 1)) {
      const next = lower.slice(at + 1).findIndex((word) => word.trim() !== '');
      const isNamed = next >= 0 && /^(style|styled|stil|estilo|stile)$/.test(lower[at + 1 + next] ?? '');
      const before = lower.slice(0, at).filter((word) => word.trim() !== '');
      const isLast = next < 0 && before.at(-1) === ',';
      if (!isNamed && !isLast) {
        continue;
      }
      const start =
        before.at(-1) === 'in' || before.at(-1) === ',' ? lower.lastIndexOf(before.at(-1) as string, at) : at;
      const end = isNamed ? at + 2 + next : at + 1;
      const text = [...words.slice(0, start), ' ', ...words.slice(end)].join('');
      return text.trim() === '' ? { text: prompt } : { text, style };
    }
  }
  return { text: prompt };
}
