export { bytesOf, openRegular } from "./regular-file";
