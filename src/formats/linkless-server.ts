import type { ServerDocument } from '../topology/server-document.js';

/**
 * The server type for a trace that names the GPUs of a server and not how they are linked.
 *
 * @param name - name of the type
 * @param trace - what the trace is called, for the title
 * @param gpuModel - model of all GPUs
 * @param gpus - number of GPUs; without any, the server has one socket so that it has a device at all
 */
export function linklessServer(name: string, trace: string, gpuModel: string, gpus: number): ServerDocument {
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
