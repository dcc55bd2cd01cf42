export type { DeviceId } from '../ids.js';
export type {
  AcceleratorEntry,
  ClusterDocument,
  ServerEntry,
  UplinkEntry,
} from '../topology/cluster-document.js';
export type {
  BandwidthBasis,
  Device,
  DeviceKind,
  Link,
  Medium,
  ServerDocument,
} from '../topology/server-document.js';
export type { ServerGraph, ServerTopology } from '../topology/server-topology.js';
export { fromHwlocXml } from './hwloc-xml/hwloc-xml.js';
export type { HwlocXmlOptions } from './hwloc-xml/options.js';
export { fromNcclXml } from './nccl-xml/nccl-xml.js';
export type { NcclXmlDevice, NcclXmlNvlink, NcclXmlOptions } from './nccl-xml/options.js';
export { toNcclXml } from './nccl-xml/print.js';
export { fromNvidiaSmiTopo } from './nvidia-smi/nvidia-smi-topo.js';
export type { NvidiaSmiTopoOptions } from './nvidia-smi/options.js';
export { toNvidiaSmiTopo } from './nvidia-smi/print.js';
export type { RocmSmiTopoOptions } from './rocm-smi/options.js';
export { toRocmSmiTopo } from './rocm-smi/print.js';
export { fromAmdSmiTopology, fromRocmSmiTopo } from './rocm-smi/rocm-smi-topo.js';
export type { ServerImportOptions, XgmiLinks } from './server/import-options.js';
export type { SwfDropReason, SwfJobs, SwfJobsOptions } from './swf/jobs.js';
export { swfJobs } from './swf/jobs.js';
export type { SwfHeaderField, SwfJob, SwfLog, SwfSkippedLine, SwfStatus } from './swf/log.js';
export { toSwf } from './swf/print.js';
export type { SwfOptions } from './swf/swf.js';
export { fromSwf } from './swf/swf.js';
export type { AlibabaInstance2025 } from './traces/alibaba-2025.js';
export { fromAlibabaInstances2025 } from './traces/alibaba-2025.js';
export type { AlibabaJob2026 } from './traces/alibaba-2026.js';
export { fromAlibabaJobs2026, fromAlibabaNodes2026 } from './traces/alibaba-2026.js';
export type { AlibabaInstanceJobs } from './traces/alibaba-instance-jobs.js';
export { alibabaInstanceJobs } from './traces/alibaba-instance-jobs.js';
export type { OpenbPod } from './traces/openb.js';
export { fromOpenbNodes, fromOpenbPods } from './traces/openb.js';
export type { TraceJob } from './traces/trace-job.js';
