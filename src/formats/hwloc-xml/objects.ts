import { quote } from '../../errors.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import { readInteger, readNumber } from '../text/numbers.js';
import { readXml, type XmlElement } from '../text/xml.js';

/** One object of the topology: a machine, package, NUMA node, bridge, PCI or OS device, or anything else. */
export interface HwlocObject {
  /** `Machine`, `Package`, `NUMANode`, `Bridge`, `PCIDev`, `OSDev`, `Group`, … as written. */
  readonly type: string;
  readonly subtype: string | undefined;
  readonly name: string | undefined;
  readonly osIndex: number | undefined;
  readonly attributes: ReadonlyMap<string, string>;
  /** Values by name; the first if a name is repeated. */
  readonly infos: ReadonlyMap<string, string>;
  readonly children: readonly HwlocObject[];
  readonly parent: HwlocObject | undefined;
  readonly line: number;
}

/** A matrix of bandwidths between objects, MB/s. */
export interface HwlocMatrix {
  readonly name: string;
  readonly objects: readonly HwlocObject[];
  /** `values[from][to]`. */
  readonly values: readonly (readonly number[])[];
  readonly line: number;
}

/** The parts of an hwloc topology that a server document needs. */
export interface HwlocTopology {
  readonly machine: HwlocObject;
  /** Major version of the format; the types of OS devices have other numbers in each. */
  readonly version: 2 | 3;
  readonly matrices: readonly HwlocMatrix[];
  /** Names of matrices of bandwidth that were not asked for. */
  readonly otherBandwidths: readonly string[];
  /** Infos of the machine, and in format 3 of the topology. */
  readonly infos: ReadonlyMap<string, string>;
}

/** Longest name of a device or model, in characters. */
const NAME_LENGTH_MAX = 256;
/** Most objects of a matrix: 16 GPUs (each once per library), 18 switches and their packages. */
const MATRIX_OBJECTS_MAX = 256;
/** Highest value of a matrix, MB/s; POWER8 files have 1,000,000 for a GPU and itself. */
const MBPS_MAX = 1e9;

/**
 * Reads an hwloc topology of format 2 or 3 as a tree of objects.
 *
 * @param text - the whole file
 * @param names - names of the matrices to read, others are passed over
 * @returns machine, version, matrices
 * @throws CorralError `invalid-format` with the line if it is no such file (format 1 included) or names
 * objects that it does not have, `limit-exceeded`
 * @complexity O(characters + values of the matrices)
 */
export function readHwloc(text: unknown, names: readonly string[]): HwlocTopology {
  const root = readXml(text, { what: 'an hwloc topology' });
  if (root.name !== 'topology') {
    throw invalidFormat(
      ['line', root.line],
      `expected <topology>, got <${quote(root.name).slice(1, -1)}>: give what lstopo writes with --of xml`,
    );
  }
  const version = versionOf(root);
  const tops = root.children.filter(({ name }) => name === 'object').map((top) => readObject(top, undefined));
  if (tops.length !== 1 || tops[0]!.type !== 'Machine') {
    throw invalidFormat(
      ['line', root.line],
      `expected one object of type Machine, got ${
        tops.length === 0
          ? 'none'
          : tops
              .map(({ type }) => quote(type))
              .join(', ')
              .slice(0, NAME_LENGTH_MAX)
      }: give what lstopo writes`,
    );
  }
  const objects = new Map<string, HwlocObject>();
  for (const object of objectsOf(tops[0]!)) {
    const gpIndex = object.attributes.get('gp_index');
    if (gpIndex === undefined) continue;
    const key = `${object.type}:${gpIndex}`;
    if (objects.has(key))
      throw invalidFormat(
        ['line', object.line],
        `gp_index ${quote(gpIndex)} stands twice: give the file as lstopo wrote it`,
      );
    objects.set(key, object);
  }
  const matrices = root.children.filter(({ name }) => name.startsWith('distances2'));
  const nameOf = ({ attributes }: XmlElement): string => attributes.get('name') ?? '';
  return {
    machine: tops[0]!,
    version,
    matrices: matrices
      .filter((element) => names.includes(nameOf(element)))
      .map((element) => readMatrix(element, objects)),
    otherBandwidths: matrices
      .map(nameOf)
      .filter((name) => name.endsWith('Bandwidth') && !names.includes(name))
      .map((name) => name.slice(0, 64)),
    infos: new Map([...infosOf(root), ...tops[0]!.infos]),
  };
}

/**
 * An object and all below it, in document order.
 *
 * @param object - where to start
 * @returns the objects, the start first
 * @complexity O(objects)
 */
export function objectsOf(object: HwlocObject): HwlocObject[] {
  const all: HwlocObject[] = [];
  const visit = (at: HwlocObject): void => {
    all.push(at);
    for (const child of at.children) visit(child);
  };
  visit(object);
  return all;
}

function versionOf(root: XmlElement): 2 | 3 {
  const version = root.attributes.get('version');
  const major = version?.split('.')[0];
  if (major === '2' || major === '3') return major === '2' ? 2 : 3;
  const what =
    version === undefined || major === '1'
      ? 'this is the format of hwloc 1, which has NUMA nodes above packages'
      : `format ${quote(version)} is not known`;
  throw invalidFormat(
    ['line', root.line],
    `${what}: write the file anew with lstopo of hwloc 2 or 3, or convert it with lstopo of hwloc 2, as hwloc 3 does not read it any more (lstopo -i old.xml --of xml new.xml)`,
  );
}

function readObject(element: XmlElement, parent: HwlocObject | undefined): HwlocObject {
  const { attributes, line } = element;
  const text = (key: string): string | undefined => {
    const value = attributes.get(key);
    if (value === undefined || value === '') return undefined;
    if (value.length <= NAME_LENGTH_MAX) return value;
    throw limitExceeded(
      ['line', line, key],
      `${value.length} characters, at most ${NAME_LENGTH_MAX}: shorten it`,
    );
  };
  const type = text('type');
  if (type === undefined)
    throw invalidFormat(['line', element.line], 'an object without type: give the file as lstopo wrote it');
  const children: HwlocObject[] = [];
  const object: HwlocObject = {
    type,
    subtype: text('subtype'),
    name: text('name'),
    osIndex: osIndexOf(element),
    attributes,
    infos: infosOf(element),
    children,
    parent,
    line,
  };
  for (const child of element.children) if (child.name === 'object') children.push(readObject(child, object));
  return object;
}

function osIndexOf({ attributes, line }: XmlElement): number | undefined {
  const value = attributes.get('os_index');
  if (value === undefined) return undefined;
  const index = readInteger(value);
  if (!(index >= 0 && index <= 0xffff_ffff)) {
    throw invalidFormat(['line', line, 'os_index'], `expected a number, got ${quote(value)}`);
  }
  // hwloc writes -1 as 4294967295.
  return index === 0xffff_ffff ? undefined : index;
}

function infosOf(element: XmlElement): ReadonlyMap<string, string> {
  const infos = new Map<string, string>();
  for (const { name, attributes } of element.children) {
    const key = attributes.get('name');
    const value = attributes.get('value')?.trim();
    if (name !== 'info' || key === undefined || value === undefined || value === '' || infos.has(key))
      continue;
    infos.set(key, value.length <= NAME_LENGTH_MAX ? value : `${value.slice(0, NAME_LENGTH_MAX - 1)}…`);
  }
  return infos;
}

/** A `distances2` (objects of one type) or `distances2hetero` (each index with its type). */
function readMatrix(element: XmlElement, objects: ReadonlyMap<string, HwlocObject>): HwlocMatrix {
  const { attributes, line } = element;
  const count = readInteger(attributes.get('nbobjs') ?? '');
  if (!(count >= 1 && count <= MATRIX_OBJECTS_MAX)) {
    throw invalidFormat(
      ['line', line, 'nbobjs'],
      `expected 1 to ${MATRIX_OBJECTS_MAX} objects, got ${quote(attributes.get('nbobjs'))}`,
    );
  }
  const type = attributes.get('type');
  const keys = wordsOf(element, 'indexes').map((word) => (type === undefined ? word : `${type}:${word}`));
  const flat = wordsOf(element, 'u64values').map((word) => {
    const value = readNumber(word);
    if (value >= 0 && value <= MBPS_MAX) return value;
    throw invalidFormat(['line', element.line], `expected MB/s, got ${quote(word)}`);
  });
  if (keys.length !== count || flat.length !== count * count) {
    throw invalidFormat(
      ['line', element.line],
      `${count} objects need ${count} indexes and ${count * count} values, got ${keys.length} and ${flat.length}`,
    );
  }
  return {
    name: attributes.get('name')!,
    objects: keys.map((key) => {
      const object = objects.get(key);
      if (object === undefined)
        throw invalidFormat(
          ['line', element.line],
          `${quote(key)} is no object of this file: give it as lstopo wrote it, or remove this matrix`,
        );
      return object;
    }),
    values: keys.map((_, i) => flat.slice(i * count, (i + 1) * count)),
    line,
  };
}

/** The words of all children of a name; hwloc splits long lists into several elements. */
function wordsOf(element: XmlElement, name: string): string[] {
  return element.children
    .filter((child) => child.name === name)
    .flatMap(({ text }) => text.split(/\s+/))
    .filter((word) => word !== '');
}
