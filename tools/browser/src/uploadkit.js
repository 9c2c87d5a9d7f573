// The official client of tus 1.0, with which ciphertext goes up in pieces, and nothing else.
export { Upload } from "tus-js-client";
