// Tables in Markdown. Pure.

// Aligned columns; the first is text, the others are numbers. Ends in a line end.
export function table(head, rows) {
  const lines = [head, null, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line?.[i].length ?? 0)));
  const cells = (line) =>
    widths.map((width, i) => {
      if (line === null) return i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`;
      return i === 0 ? line[i].padEnd(width) : line[i].padStart(width);
    });
  return lines.map((line) => `| ${cells(line).join(' | ')} |\n`).join('');
}
