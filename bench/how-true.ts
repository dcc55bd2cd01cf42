/**
 * `npx tsx bench/how-true.ts`: prints every table of docs/HOW-TRUE.md, ours beside NCCL's own answers and beside
 * measurements. `--write` puts them into the page.
 * `--nccl-xml DIR`, once or more: also the table of our figures on the topology files in these folders.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ncclXmlTable } from './truth/nccl-xml-rows.js';
import { fillPage, sections } from './truth/page.js';

const { values: args } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    'nccl-xml': { type: 'string', multiple: true },
  },
});
const folders = args['nccl-xml'];
const texts = { ...sections(), ...(folders === undefined ? {} : { xml: ncclXmlTable(folders) }) };

if (args.write) {
  const page = new URL('../docs/HOW-TRUE.md', import.meta.url);
  writeFileSync(page, fillPage(readFileSync(page, 'utf8'), texts));
} else {
  for (const [name, text] of Object.entries(texts)) console.log(`\n${name}\n\n${text}`);
}
