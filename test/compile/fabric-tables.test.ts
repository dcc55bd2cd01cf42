import { describe, expect, it } from 'vitest';
import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import { treeOrder } from '../../src/compile/fabric-tables.js';
import type { ClusterTopology } from '../../src/index.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { Dice, gangCase, serverTypes } from '../placement/gangs/gang-cluster.js';
import { kindsCluster, treeOrderOf } from '../placement/kinds-cluster.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Clusters whose servers are listed in any order. */
function* clusters(): Generator<ClusterTopology> {
  for (let seed = 0; seed < 200; seed++)
    yield kindsCluster(new Dice(seed), { serversMax: 30, tiersMax: 3, limits: seed % 2 === 0 });
  // And with uplinks and accelerators of every tier.
  for (let seed = 0; seed < 200; seed++) yield gangCase(seed).cluster;
}

/** The domain that a server lies in by the document: its tier's, or the one around all. */
function domainOf(cluster: ClusterTopology, position: number, level: number): number {
  return cluster.servers[position]!.domains[cluster.tiers.length - 1 - level] ?? 0;
}

describe('treeOrder', () => {
  it('lists domain by domain in the order of first mention, and inside as the document does', () => {
    for (const cluster of clusters()) expect([...treeOrder(cluster)]).toEqual(treeOrderOf(cluster));
  });

  it('is the order of the document without tiers, and where it lists rack after rack', () => {
    const document = (racks: readonly string[]) => ({
      tiers: ['block', 'rack'],
      types: { box: 'box' },
      servers: racks.map((rack, i) => ({ id: `s${i}`, type: 'box', domains: { block: rack[0]!, rack } })),
    });
    const build = (racks: readonly string[]) => buildClusterTopology(document(racks), () => serverTypes[0]!);
    expect([...treeOrder(build(['a1', 'a1', 'a2', 'b1']))]).toEqual([0, 1, 2, 3]);
    // b is named first, and a2 before a1.
    expect([...treeOrder(build(['b1', 'a2', 'a1', 'b2', 'a2', 'b1']))]).toEqual([0, 5, 3, 1, 4, 2]);
  });
});

describe('fabricTables', () => {
  it('give every server the domains of the document, level by level', () => {
    for (const cluster of clusters()) {
      const { fabric, documentIndexOf, serverCount } = compileClusterTables(cluster);
      const { levelStart, levelCount, serverStart, serverEnd, domainIndex } = fabric;
      expect(levelCount).toBe(cluster.tiers.length + 1);
      const counts = [...cluster.tiers.map(({ domains }) => domains.length).reverse(), 1];
      expect(range(0, levelCount).map((level) => levelStart[level + 1]! - levelStart[level]!)).toEqual(
        counts,
      );
      expect(levelStart[0]).toBe(0);
      for (let level = 0; level < levelCount; level++) {
        let next = 0;
        for (const domain of range(levelStart[level]!, levelStart[level + 1]!)) {
          // Domains are neighbours, without gaps.
          expect(serverStart[domain]).toBe(next);
          next = serverEnd[domain]!;
          for (const s of range(serverStart[domain]!, serverEnd[domain]!)) {
            expect(domainOf(cluster, documentIndexOf[s]!, level)).toBe(domainIndex[domain]);
          }
          expect(fabric.domainGpus[domain]).toBe(
            range(serverStart[domain]!, next).reduce(
              (sum, s) => sum + cluster.servers[documentIndexOf[s]!]!.type.gpus.length,
              0,
            ),
          );
        }
        expect(next).toBe(serverCount);
      }
    }
  });

  it('join domains to those around them, children next to each other', () => {
    for (const cluster of clusters()) {
      const { fabric } = compileClusterTables(cluster);
      const { levelStart, levelCount, domainParent, childStart, childEnd, serverStart, serverEnd } = fabric;
      for (let level = 0; level < levelCount; level++) {
        for (const domain of range(levelStart[level]!, levelStart[level + 1]!)) {
          const children = range(childStart[domain]!, childEnd[domain]!);
          if (level === 0) expect(children).toEqual([]);
          else {
            expect(children.length).toBeGreaterThan(0);
            expect(children.every((child) => domainParent[child] === domain)).toBe(true);
            expect(serverStart[children[0]!]).toBe(serverStart[domain]);
            expect(serverEnd[children.at(-1)!]).toBe(serverEnd[domain]);
          }
          const parent = domainParent[domain]!;
          if (level === levelCount - 1) expect(parent).toBe(-1);
          else expect(domain >= childStart[parent]! && domain < childEnd[parent]!).toBe(true);
        }
      }
    }
  });

  it('cut every domain into cells, one per kind that has servers there', () => {
    for (const cluster of clusters()) {
      const tables = compileClusterTables(cluster);
      const { fabric, shapeKind, shapeOf } = tables;
      const { kindCount, cellAt, cellKind, cellDomain, cellParent, cellStart, cellEnd } = fabric;
      const kindOf = (s: number): number => shapeKind[shapeOf[s]!]!;
      const localOf = (s: number): number => fabric.localOf?.[s] ?? s;
      const serverAt = (kind: number, local: number): number => fabric.serverAt?.[kind]?.[local] ?? local;
      let cells = 0;
      for (let domain = 0; domain < fabric.domainParent.length; domain++) {
        for (let kind = 0; kind < kindCount; kind++) {
          const servers = range(fabric.serverStart[domain]!, fabric.serverEnd[domain]!).filter(
            (s) => kindOf(s) === kind,
          );
          const cell = cellAt[domain * kindCount + kind]!;
          if (servers.length === 0) {
            expect(cell).toBe(-1);
            continue;
          }
          cells++;
          expect([cellKind[cell], cellDomain[cell]]).toEqual([kind, domain]);
          expect(range(cellStart[cell]!, cellEnd[cell]!).map((local) => serverAt(kind, local))).toEqual(
            servers,
          );
          expect(servers.map(localOf)).toEqual(range(cellStart[cell]!, cellEnd[cell]!));
          const around = fabric.domainParent[domain]!;
          expect(cellParent[cell]).toBe(around === -1 ? -1 : cellAt[around * kindCount + kind]);
          const children = range(fabric.cellChildStart[cell]!, fabric.cellChildEnd[cell]!);
          expect(children.map((child) => cellDomain[child])).toEqual(
            range(fabric.childStart[domain]!, fabric.childEnd[domain]!).filter(
              (child) => cellAt[child * kindCount + kind] !== -1,
            ),
          );
          expect(children.every((child) => cellParent[child] === cell)).toBe(true);
          // Groups are the cells of level 0.
          if (domain < fabric.levelStart[1]!) for (const s of servers) expect(fabric.groupOf[s]).toBe(cell);
        }
      }
      expect(fabric.cellCount).toBe(cells);
      // One kind needs no second numbering.
      expect(fabric.localOf === undefined).toBe(kindCount === 1);
      expect(fabric.serverAt === undefined).toBe(kindCount === 1);
    }
  });

  it('keep uplinks and accelerators by domain, and no limit where none is given', () => {
    let unequal = 0;
    for (const cluster of clusters()) {
      const { fabric } = compileClusterTables(cluster);
      const { levelCount, levelStart, domainIndex, domainParent, uplinkGBps, acceleratorGBps } = fabric;
      expect(uplinkGBps.length).toBe(levelStart[levelCount]);
      expect(uplinkGBps.at(-1)).toBe(Infinity);
      let acceleratorLevel = -1;
      cluster.tiers.forEach((tier, t) => {
        const level = cluster.tiers.length - 1 - t;
        if (tier.domainUplinksGBps !== undefined || tier.domainAcceleratorsGBpsPerGpu !== undefined)
          unequal++;
        for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
          const at = domainIndex[domain]!;
          const uplink = tier.domainUplinksGBps === undefined ? tier.uplinkGBps : tier.domainUplinksGBps[at];
          expect(uplinkGBps[domain]).toBe(uplink ?? Infinity);
          const inside =
            tier.domainAcceleratorsGBpsPerGpu === undefined
              ? tier.acceleratorGBpsPerGpu
              : tier.domainAcceleratorsGBpsPerGpu[at];
          expect(acceleratorGBps[domain]).toBe(inside ?? 0);
          if (typeof inside === 'number') acceleratorLevel = level;
        }
      });
      expect(fabric.acceleratorLevel).toBe(acceleratorLevel);
      for (let domain = 0; domain < domainParent.length; domain++) {
        let island = domain;
        while (island !== -1 && acceleratorGBps[island] === 0) island = domainParent[island]!;
        expect(fabric.islandOf[domain]).toBe(island);
      }
    }
    expect(unequal).toBeGreaterThan(20);
  });

  it('say of each kind between which accelerator figures its servers lie, and the least uplink around them', () => {
    for (const cluster of clusters()) {
      const { fabric, serverCount } = compileClusterTables(cluster);
      const { kindCount, levelCount, cellKind, cellDomain, groupOf, islandOf } = fabric;
      for (let kind = 0; kind < kindCount; kind++) {
        const insides: number[] = [];
        const uplinks = new Array<number>(levelCount).fill(Infinity);
        for (let s = 0; s < serverCount; s++) {
          if (cellKind[groupOf[s]!] !== kind) continue;
          let domain = cellDomain[groupOf[s]!]!;
          const island = islandOf[domain]!;
          insides.push(island === -1 ? 0 : fabric.acceleratorGBps[island]!);
          for (let level = 0; level < levelCount; level++) {
            if (islandOf[domain] === -1 || islandOf[domain] === domain) {
              uplinks[level] = Math.min(uplinks[level]!, fabric.uplinkGBps[domain]!);
            }
            domain = fabric.domainParent[domain]!;
          }
        }
        expect(fabric.islandLeastGBps[kind]).toBe(Math.min(...insides));
        expect(fabric.islandMostGBps[kind]).toBe(Math.max(...insides));
        const least = fabric.uplinkLeastGBps.subarray(kind * levelCount, (kind + 1) * levelCount);
        expect([...least]).toEqual(uplinks);
      }
    }
  });
});
