/**
 * onnxruntime sends usage data to its makers and writes a device id into the home folder, from 1.29 on under Linux too,
 * unless this is set before it is loaded. A self-hosted bot sends nothing to anybody but Discord.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
