// The half of pdfkit.js that reads the file, in a thread of its own.
export { WorkerMessageHandler } from "pdfjs-dist/legacy/build/pdf.worker.mjs";
