import { topology } from '../../src/catalogue/index.js';
import { allToAll, type DevicePair, equalPayloadGBps, flowRates, sum } from './flow-rates.js';
import { type ContentionCase, type MeasuredRow, measurement } from './measured-data.js';

const ID = 'esc8000a-contention';
const server = topology('rtxpro6000-8-pairs');
const gpu = (ordinal: number): string => server.gpus[ordinal]!;
const PAIRS_ACROSS: readonly DevicePair[] = [0, 1, 2, 3].map((i) => [gpu(i), gpu(i + 4)]);
const reversed = (pairs: readonly DevicePair[]): DevicePair[] => pairs.map(([from, to]) => [to, from]);
const CHIP_TO_CHIP = [0, 1, 2, 3].flatMap((a) => [4, 5, 6, 7].map((b): DevicePair => [gpu(a), gpu(b)]));
const FAULT =
  'a fault of this generation of PCIe switch, by the source: two GPUs that write through one uplink to two root ports of the other socket block each other. Sharing of capacity does not explain it';
const FAULT_INSIDE = 'contains the pattern of the collapse above, which no sharing of capacity explains';
const ROOT_PORTS =
  'here about 40 is what one root port sends across the sockets, however many flows it carries; the document caps each flow instead, so flows that share an uplink get too much';

/** The flows of the cases whose source names a pattern and no pairs. */
const PATTERNS: Readonly<Record<string, readonly DevicePair[]>> = {
  '4-GPU all-to-all on one chip': allToAll([0, 1, 2, 3].map(gpu)),
  '1:1 all pairs': PAIRS_ACROSS,
  '8 flows, all pairs both directions': [...PAIRS_ACROSS, ...reversed(PAIRS_ACROSS)],
  '16 flows, all of chip A to all of chip B': CHIP_TO_CHIP,
  // Which four is not said; its own link is the limit for any four that are not all across the sockets.
  '4 flows all from GPU0': [1, 2, 3, 4].map((to): DevicePair => [gpu(0), gpu(to)]),
  'all-to-all 56 flows write': allToAll(server.gpus),
  'all-to-all 56 flows read': allToAll(server.gpus),
};

/** Why a case is off, by its name or its flows. */
const REASONS: Readonly<Record<string, string>> = {
  '4-GPU all-to-all on one chip':
    'the model is known to be 1.4 to 1.6 times too generous where all GPUs behind a switch send and receive at once. By the slowest flow × 12 the model gives 166.2, 1.09 times the measurement; which of the two the source prints is not said',
  'same source uplink, two target root ports: collapse': FAULT,
  'same uplink, same target root port': ROOT_PORTS,
  'one source GPU': ROOT_PORTS,
  '1:1 all pairs':
    'the capacity of the socket link in the document is this row; two root ports of 40 would explain it as well',
  '8 flows, all pairs both directions':
    'both directions together carry what one carries alone; socket links of the model are full duplex. Yet one pair in both directions reaches 95 on this board',
  '16 flows, all of chip A to all of chip B': FAULT_INSIDE,
  'one GPU, two destinations':
    'together little more than the slow one alone: it holds back the fast one behind the same port',
  '0>4 1>2':
    'in the document both flows leave the first switch by its uplink. 106.3 is more than an uplink can carry (line rate 63), so here they do not share it; it is also more than the two reach alone (53.9 + 37.7), so the row does not fit the rest of its source',
  '4 flows all from GPU0':
    'any four targets together are bound by the link of gpu0. Several destinations of one port hold each other back, which the model does not know',
  'all-to-all 56 flows write': FAULT_INSIDE,
  'all-to-all 56 flows read': FAULT_INSIDE,
};

const isFault = (why: string): boolean => why === FAULT || why === FAULT_INSIDE;

function nameOf(c: ContentionCase): string {
  return c.name ?? c.flows!.map(([from, to]) => `${from}>${to}`).join(' ');
}

function flowsOf(c: ContentionCase): readonly DevicePair[] {
  const flows = c.flows?.map(([from, to]): DevicePair => [gpu(from!), gpu(to!)]) ?? PATTERNS[nameOf(c)];
  if (flows === undefined) throw new Error(`${ID}: no flows for ${nameOf(c)}`);
  if (c.flowsCount !== undefined && c.flowsCount !== flows.length) {
    throw new Error(`${ID}: ${nameOf(c)} has ${c.flowsCount} flows, not ${flows.length}`);
  }
  return flows;
}

/** Flows that compete on an ESC8000A: sums of rates. */
export function contentionRows(): MeasuredRow[] {
  const cases = measurement(ID).cases!.map((c): MeasuredRow => {
    const flows = c.flows === undefined ? '' : ` (${c.flows.map(([from, to]) => `${from}>${to}`).join(' ')})`;
    return {
      id: ID,
      what: c.name === undefined ? nameOf(c) : `${c.name}${flows}`,
      server: '`rtxpro6000-8-pairs`',
      measuredGBps: c.total,
      modelGBps: sum(flowRates(server, flowsOf(c))),
      isTaken: c.name === '1:1 all pairs',
      isFault: isFault(REASONS[nameOf(c)] ?? ''),
      why: REASONS[nameOf(c)] ?? '',
    };
  });
  const allToAllRows = measurement('p2pmark-scores').rows!.map((row): MeasuredRow => {
    const count = String(row.machine).includes('4 GPU') ? 4 : 8;
    return {
      id: 'p2pmark-scores',
      what: `all-to-all of ${count} GPUs, slowest flow × flows`,
      server: '`rtxpro6000-8-pairs`',
      measuredGBps: Number(row.all2all),
      modelGBps: equalPayloadGBps(flowRates(server, allToAll(server.gpus.slice(0, count)))),
      isTaken: false,
      isFault: count === 8,
      why:
        count === 4
          ? 'too generous where all GPUs behind a switch send and receive at once, as above'
          : FAULT_INSIDE,
    };
  });
  return [...cases, ...allToAllRows];
}
