import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { topologyNames } from '../../src/catalogue/topology.js';
import { unpackServer } from '../../src/catalogue/unpack.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { packCatalogue, packedText } from './pack-catalogue.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'topologies');
const documents = topologyNames.map(
  (name) => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as ServerDocument,
);
const packed = packCatalogue(documents);

describe('topologies/packed/catalogue.json', () => {
  it('is what the files say; `npx vitest run test/catalogue/unpack.test.ts -u` writes it anew', async () => {
    await expect(packedText(packed)).toMatchFileSnapshot(join(FOLDER, 'packed', 'catalogue.json'));
  });

  it('is a fraction of the files in size', () => {
    expect(packedText(packed).length).toBeLessThan(JSON.stringify(documents).length / 5);
  });
});

describe('unpackServer', () => {
  it.each(topologyNames)('gives back the very document: %s', (name) => {
    const document = documents[topologyNames.indexOf(name)];
    expect(unpackServer(packed, name)).toStrictEqual(document);
  });

  it('hands out objects that two calls do not share', () => {
    const [a, b] = [unpackServer(packed, 'dgx2'), unpackServer(packed, 'dgx2')];
    expect(a.devices[0]).not.toBe(b.devices[0]);
    expect(a.links[0]!.between).not.toBe(b.links[0]!.between);
  });
});
