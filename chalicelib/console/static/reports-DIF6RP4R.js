import{c as a,d as b}from"./chunk-2HEQ2F4Z.js";import"./chunk-XFZ55WT5.js";export{b as CsvButtons,a as Reports};
