//! The contract: the document, its pages, and the files of the documentation that are made of the code.

mod contract;
mod documentation;
mod pages;
mod schemas;
