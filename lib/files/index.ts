export { makeFolder, makeFolderNow } from "./folders";
export { bytesOf, openRegular } from "./regular-file";
