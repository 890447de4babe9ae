/** What, how much, and a remark. */
export type Row = readonly [string, string, string];

export const times = (value: number) => `${value.toFixed(2)}×`;

/** The rows below a headline, names to the left and figures to the right of their columns. */
export function formatTable(headline: readonly string[], rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  return [
    ...headline,
    '',
    ...rows.map(([name, value, note]) => `${name.padEnd(width)}  ${value.padStart(valueWidth)}  ${note}`.trimEnd()),
  ].join('\n');
}
