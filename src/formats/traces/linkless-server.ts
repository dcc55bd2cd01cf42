import type { ServerDocument } from '../../topology/server-document.js';
import { GPUS_PER_SERVER_MAX, TEXT_LENGTH_MAX } from '../../units.js';
import { type CsvRow, shortText } from '../text/csv.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';

/** Longest model, in characters: titles that contain it must fit into a document too. */
const MODEL_LENGTH_MAX: number = TEXT_LENGTH_MAX - 64;
/** Most server types of one trace; real traces have a few dozen. */
const TYPES_MAX = 2 ** 16;

/** Collects the server types of a trace that names the GPUs of a server but not their links. */
export class LinklessServers {
  readonly #trace: string;
  readonly #types = new Map<string, ServerDocument>();

  /** @param trace - what the trace is called, for titles */
  constructor(trace: string) {
    this.#trace = trace;
  }

  /**
   * The type of a server, named like `T4 x2` or `no GPU`.
   *
   * @param row - the line of the server
   * @param columns - of the number of its GPUs, and of their model
   * @throws CorralError `invalid-format` with line and column, `limit-exceeded` for more than 65,536 types
   */
  typeOf(row: CsvRow, columns: { readonly gpus: string; readonly model: string }): string {
    const gpus = row.integer(columns.gpus, 0, GPUS_PER_SERVER_MAX);
    const model = shortText(row, columns.model, MODEL_LENGTH_MAX);
    if (gpus > 0 && model === '') {
      throw invalidFormat(['line', row.line, columns.model], `${gpus} GPUs without a model: name it`);
    }
    const type = gpus === 0 ? 'no GPU' : `${model} x${gpus}`;
    if (this.#types.has(type)) return type;
    if (this.#types.size === TYPES_MAX) {
      throw limitExceeded(
        ['line', row.line, columns.model],
        `more than ${TYPES_MAX} kinds of server: does the column hold models?`,
      );
    }
    this.#types.set(type, linklessServer(type, this.#trace, model, gpus));
    return type;
  }

  /** Type → its document, in the order in which servers first named them. */
  documents(): Record<string, ServerDocument> {
    return Object.fromEntries(this.#types);
  }
}

/** The document of one type. Without GPUs it gets a socket, because a document needs a device. */
function linklessServer(name: string, trace: string, gpuModel: string, gpus: number): ServerDocument {
  const devices = Array.from({ length: gpus }, (_, i) => ({
    id: `gpu${i}`,
    kind: 'gpu' as const,
    model: gpuModel,
  }));
  return {
    name,
    title: gpus === 0 ? `${trace} server without GPUs` : `${trace} server, ${gpus} × ${gpuModel}`,
    gpuModel: gpus === 0 ? 'none' : gpuModel,
    devices: gpus === 0 ? [{ id: 'cpu', kind: 'socket' }] : devices,
    links: [],
    notes: ['The trace names the GPUs of a server, not how they are linked.'],
  };
}
