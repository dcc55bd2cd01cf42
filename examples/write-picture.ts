import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';

/** Pixels of a PNG for one of its SVG: sharp also on dense screens. */
const SCALE = 2;

/** Writes a drawing as `NAME.svg` and `NAME.png` into a folder, and says where. */
export function writePicture(folder: string, name: string, svg: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(`${file}.svg`, svg);
  const picture = new Resvg(svg, { fitTo: { mode: 'zoom', value: SCALE } });
  writeFileSync(`${file}.png`, picture.render().asPng());
  console.log(`${file}.svg, ${file}.png`);
}
