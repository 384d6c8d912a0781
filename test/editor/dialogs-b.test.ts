import { describeDialogs } from "./dialogs";

// Two files, because they are tested in two browsers at once.
describeDialogs(1, 2);
