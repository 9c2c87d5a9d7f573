// What the desk needs to show a PDF in the page: pages as pictures, their text to search and select.
export { getDocument, GlobalWorkerOptions, TextLayer } from "pdfjs-dist/legacy/build/pdf.mjs";
