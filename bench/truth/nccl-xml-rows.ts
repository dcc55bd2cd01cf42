import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { fromNcclXml } from '../../src/formats/index.js';
import { collectiveBandwidth } from '../../src/index.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { gbps, markdownTable } from './markdown.js';
import { withNcclConstants } from './nccl-constants.js';
import { allGpus, ncclRows } from './nccl-rows.js';

/**
 * Our figures on every topology file of some folders, beside those on the catalogue's document of that name and
 * NCCL's ring where a row of the data has it.
 *
 * @param folders - of files that NCCL could read as they stand
 * @returns a Markdown table
 * @throws CorralError for a file that is no complete dump
 */
export function ncclXmlTable(folders: readonly string[]): string {
  const rows = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.xml'))
      .sort()
      .map((name) => {
        const server = basename(name, '.xml');
        const known = topologyNames.find((candidate) => candidate === server);
        return [
          `${basename(folder)}/${name}`,
          ...figures(fromNcclXml(readFileSync(join(folder, name), 'utf8'))),
          ...(known === undefined ? ['–', '–'] : figures(topology(known satisfies TopologyName).document)),
          ncclRingOf(server),
        ];
      }),
  );
  return markdownTable(
    ['file', 'our ring', 'our optimal', 'ring, catalogue', 'optimal, catalogue', 'NCCL ring'],
    rows,
  );
}

function figures(document: ServerDocument): string[] {
  const server = withNcclConstants(document);
  const gpus = allGpus(server);
  return [
    gbps(collectiveBandwidth(server, gpus, { algorithm: 'ring' })),
    gbps(collectiveBandwidth(server, gpus)),
  ];
}

function ncclRingOf(server: string): string {
  const row = ncclRows().find(({ name }) => name.startsWith(`${server}.`));
  return row === undefined ? '–' : gbps(row.ncclRingGBps);
}
