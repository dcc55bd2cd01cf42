import * as fc from 'fast-check';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';
import { type ShortLink, smallServer } from './small-server.js';

/** Every pair of `n` sockets. */
export function mesh(n: number): [number, number][] {
  return Array.from({ length: n }, (_, b) =>
    Array.from({ length: b }, (_, a): [number, number] => [a, b]),
  ).flat();
}

/** Each of `n` sockets joined to the next. */
export function chain(n: number): [number, number][] {
  return Array.from({ length: n - 1 }, (_, a) => [a, a + 1]);
}

/** A server with GPUs on sockets, PCIe of 48 GB/s and socket links of 22, as NCCL sees Sapphire Rapids. */
export function multiSocketServer(
  gpusPerSocket: readonly number[],
  pairs: readonly (readonly [number, number])[],
): ServerTopology {
  const sockets = gpusPerSocket.map((_, socket) => socket);
  const places = gpusPerSocket.flatMap((count, socket) => new Array<number>(count).fill(socket));
  return smallServer(
    [...sockets.flatMap((i) => [`socket${i}`, `numa${i}`]), ...places.map((_, gpu) => `gpu${gpu}`)],
    [
      ...sockets.map((i): ShortLink => [`socket${i}`, `numa${i}`, 'on-package', 5000]),
      ...pairs.map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
      ...places.map((socket, gpu): ShortLink => [`gpu${gpu}`, `numa${socket}`, 'pcie', 48]),
    ],
  );
}

/** The GPUs of a server of {@link multiSocketServer} that stand on the given sockets: '001' is two on 0, one on 1. */
export function gpusOn(gpusPerSocket: readonly number[], sockets: string): number[] {
  const next = gpusPerSocket.map((_, socket) => gpusPerSocket.slice(0, socket).reduce((a, b) => a + b, 0));
  return [...sockets].map((socket) => next[Number(socket)]!++);
}

/**
 * Random servers of 2 to 5 GPUs on 1 to 5 sockets, some below PCIe switches, joined in any way, with or without
 * peer-to-peer. Some have NVLinks between GPUs, or a switch on two sockets; plain ones have neither, and
 * peer-to-peer.
 */
export function arbitraryMultiSocketServer(
  options: { readonly isPlain?: boolean } = {},
): fc.Arbitrary<ServerTopology> {
  const gbps = fc.oneof(
    fc.integer({ min: 1, max: 8 }),
    fc.constantFrom(10, 22, 48),
    fc.double({ min: 0.5, max: 100, noNaN: true }),
  );
  return fc
    .record({
      gpus: fc.integer({ min: 2, max: 5 }),
      sockets: fc.integer({ min: 1, max: 5 }),
      hasNuma: fc.boolean(),
      switches: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
      places: fc.array(fc.nat({ max: 20 }), { minLength: 5, maxLength: 5 }),
      joined: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
      isMesh: fc.boolean(),
      nvlinks: fc.array(fc.nat({ max: 9 }), { maxLength: options.isPlain ? 0 : 2 }),
      bridge: options.isPlain
        ? fc.constant(null)
        : fc.option(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 })), { freq: 5 }),
      figures: fc.array(gbps, { minLength: 24, maxLength: 24 }),
      peerToPeer: options.isPlain ? fc.constant(null) : fc.option(fc.boolean()),
    })
    .map((choice) => {
      const sockets = Array.from({ length: choice.sockets }, (_, i) => i);
      let next = 0;
      const figure = (): number => choice.figures[next++ % choice.figures.length]!;
      const links: ShortLink[] = [];
      const hosts = sockets.map((i) => (choice.hasNuma ? `numa${i}` : `socket${i}`));
      if (choice.hasNuma) for (const i of sockets) links.push([`socket${i}`, `numa${i}`, 'on-package', 5000]);
      mesh(choice.sockets).forEach(([a, b], i) => {
        if (choice.isMesh || choice.joined[i]) links.push([`socket${a}`, `socket${b}`, 'socket', figure()]);
      });
      const places = [...hosts];
      choice.switches.forEach((at, i) => {
        links.push([`sw${i}`, places[at % places.length]!, 'pcie', figure()]);
        places.push(`sw${i}`);
      });
      for (let gpu = 0; gpu < choice.gpus; gpu++) {
        links.push([`gpu${gpu}`, places[choice.places[gpu]! % places.length]!, 'pcie', figure()]);
      }
      for (const at of new Set(choice.nvlinks)) {
        const [a, b] = mesh(choice.gpus)[at] ?? [0, 1];
        if (!links.some(([x, y]) => x === `gpu${a}` && y === `gpu${b}`)) {
          links.push([`gpu${a}`, `gpu${b}`, at % 3 === 0 ? 'pcie' : 'nvlink', figure()]);
        }
      }
      const switches = choice.switches.map((_, i) => `sw${i}`);
      if (choice.bridge !== null && switches.length > 0) {
        const [from, to] = [
          switches[choice.bridge[0] % switches.length]!,
          places[choice.bridge[1] % places.length]!,
        ];
        const isJoined = links.some(([x, y]) => [x, y].includes(from) && [x, y].includes(to));
        if (from !== to && !isJoined) links.push([from, to, 'pcie', figure()]);
      }
      const ids = [...sockets.map((i) => `socket${i}`), ...(choice.hasNuma ? hosts : []), ...switches];
      const { document } = smallServer(
        [...ids, ...Array.from({ length: choice.gpus }, (_, i) => `gpu${i}`)],
        links,
      );
      return serverTopology({
        ...document,
        ...(choice.peerToPeer !== null && { peerToPeer: choice.peerToPeer }),
      });
    });
}
