//! A table as files, in the form in which DynamoDB exports it to S3 and imports it from there.
//!
//! `FOLDER/AWSDynamoDB/EXPORT/` has `manifest-summary.json`, `manifest-files.json` (a line per data file) with an `.md5` of each, and
//! `data/*.json.gz` with an item per line: `{"Item": {"pk": {"S": "…"}, …}}`.
//! Invariant: a reader accepts nothing whose checksum or number of items differs from the manifest.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use local::{
    Error, Result,
    store::{DynamoError, Endpoint},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Items per data file. DynamoDB writes at least one file per partition of the table.
const PER_FILE: usize = 10_000;

/// The most items that a BatchWriteItem takes.
const PER_BATCH: usize = 25;

/// How large an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub items: usize,
    pub files: usize,
    /// Of the JSON lines.
    pub bytes: usize,
    /// Of the files.
    pub compressed: usize,
}

/// Writes all items of a table below `folder`; returns the folder of this export. The caller sees to it that nothing writes meanwhile: a
/// scan is no snapshot, unlike DynamoDB's own export.
pub async fn write(store: &Endpoint, table: &str, folder: &Path) -> Result<(PathBuf, Size)> {
    let started = now()?;
    let items = store.scan_all(table).await?;
    write_items(&items, table, folder, &started)
}

fn write_items(items: &[Value], table: &str, folder: &Path, started: &str) -> Result<(PathBuf, Size)> {
    let id = format!("{:014}-local", OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000);
    let place = format!("AWSDynamoDB/{id}");
    let export = folder.join(&place);
    fs::create_dir_all(export.join("data")).map_err(|error| failed("create", &export, &error))?;
    put(&export.join("_started"), b"")?;
    let mut size = Size { items: items.len(), ..Size::default() };
    let mut files = String::new();
    for (number, items) in items.chunks(PER_FILE).enumerate() {
        let lines: String = items.iter().map(|item| format!("{}\n", json!({ "Item": item }))).collect();
        let file = compressed(lines.as_bytes())?;
        let name = format!("data/{number:04}.json.gz");
        put(&export.join(&name), &file)?;
        let sum = md5::compute(&file);
        // The entity tag of an upload in one part: the MD5 of the MD5 of its parts, and how many they are.
        let etag = format!("{:x}-1", md5::compute(sum.0));
        let line = json!({
            "itemCount": items.len(), "md5Checksum": STANDARD.encode(sum.0), "etag": etag, "dataFileS3Key": format!("{place}/{name}"),
        });
        files.push_str(&format!("{line}\n"));
        size.files += 1;
        size.bytes += lines.len();
        size.compressed += file.len();
    }
    put_with_sum(&export, "manifest-files", files.as_bytes())?;
    let arn = format!("arn:aws:dynamodb:local:000000000000:table/{table}");
    let summary = json!({
        "version": "2020-06-30", "exportArn": format!("{arn}/export/{id}"), "startTime": started, "endTime": now()?,
        "tableArn": arn, "tableId": table, "exportTime": started, "s3Bucket": "local", "s3Prefix": null, "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": null, "manifestFilesS3Key": format!("{place}/manifest-files.json"), "billedSizeBytes": size.bytes,
        "itemCount": size.items, "outputFormat": "DYNAMODB_JSON", "exportType": "FULL_EXPORT",
    });
    put_with_sum(&export, "manifest-summary", summary.to_string().as_bytes())?;
    Ok((export, size))
}

/// Reads the items of an export.
pub fn read(export: &Path) -> Result<Vec<Value>> {
    let summary: Value = parse(&get_with_sum(export, "manifest-summary")?, "manifest-summary.json")?;
    let text =
        |value: &Value, member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let format = text(&summary, "outputFormat");
    if format != "DYNAMODB_JSON" || text(&summary, "exportType") == "INCREMENTAL_EXPORT" {
        return Err(Error::new(format!("{}: neither DYNAMODB_JSON nor a full export", export.display())));
    }
    let mut items = Vec::new();
    for line in get_with_sum(export, "manifest-files")?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let file: Value = parse(line, "manifest-files.json")?;
        let key = text(&file, "dataFileS3Key");
        let name = key.rsplit('/').next().unwrap_or_default();
        let bytes = get(&export.join("data").join(name))?;
        if STANDARD.encode(md5::compute(&bytes).0) != text(&file, "md5Checksum") {
            return Err(Error::new(format!("{name} does not have the checksum of the manifest")));
        }
        let mut lines = String::new();
        let unpacked = MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut lines);
        unpacked.map_err(|error| Error::new(format!("{name}: {error}")))?;
        let before = items.len();
        for line in lines.lines() {
            let mut line: Value = parse(line.as_bytes(), name)?;
            items.push(line.get_mut("Item").map(Value::take).ok_or_else(|| Error::new(format!("{name}: no Item")))?);
        }
        counted(&file, items.len() - before, name)?;
    }
    counted(&summary, items.len(), "manifest-summary.json")?;
    Ok(items)
}

fn counted(manifest: &Value, found: usize, what: &str) -> Result<()> {
    let expected = manifest.get("itemCount").and_then(Value::as_u64);
    match expected == u64::try_from(found).ok() {
        true => Ok(()),
        false => Err(Error::new(format!("{what}: {found} items, not {expected:?}"))),
    }
}

/// Puts the items of an export into a table that exists and is empty.
pub async fn import(export: &Path, store: &Endpoint, table: &str) -> Result<usize> {
    let items = read(export)?;
    for batch in items.chunks(PER_BATCH) {
        let mut waiting: Vec<Value> = batch.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        while !waiting.is_empty() {
            waiting = put_batch(store, table, waiting).await?;
        }
    }
    Ok(items.len())
}

/// Returns what the engine left unprocessed.
async fn put_batch(store: &Endpoint, table: &str, requests: Vec<Value>) -> Result<Vec<Value>, DynamoError> {
    let answer = store.call("BatchWriteItem", json!({"RequestItems": {table: requests}})).await?;
    Ok(answer.get("UnprocessedItems").and_then(|left| left.get(table)?.as_array().cloned()).unwrap_or_default())
}

fn now() -> Result<String> {
    OffsetDateTime::now_utc().format(&Rfc3339).map_err(|error| Error::new(error.to_string()))
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|error| Error::new(format!("gzip: {error}")))
}

fn parse(bytes: &[u8], what: &str) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::new(format!("{what}: {error}")))
}

fn failed(verb: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("cannot {verb} {}: {error}", path.display()))
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| failed("write", path, &error))
}

fn put_with_sum(export: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    put(&export.join(format!("{name}.json")), bytes)?;
    put(&export.join(format!("{name}.md5")), STANDARD.encode(md5::compute(bytes).0).as_bytes())
}

fn get(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| failed("read", path, &error))
}

fn get_with_sum(export: &Path, name: &str) -> Result<Vec<u8>> {
    let bytes = get(&export.join(format!("{name}.json")))?;
    let sum = get(&export.join(format!("{name}.md5")))?;
    match STANDARD.encode(md5::compute(&bytes).0).as_bytes() == sum.trim_ascii() {
        true => Ok(bytes),
        false => Err(Error::new(format!("{name}.json does not have the checksum of {name}.md5"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(name: &str, count: usize) -> (PathBuf, Vec<Value>) {
        let folder = std::env::temp_dir().join(format!("export-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let item =
            |number| json!({"pk": {"S": format!("ä#{number}")}, "n": {"N": "1.50"}, "l": {"L": [{"NULL": true}]}});
        let items: Vec<Value> = (0..count).map(item).collect();
        let (export, size) = write_items(&items, "t", &folder, "2026-11-28T00:00:00Z").unwrap();
        assert_eq!((size.items, size.files), (count, count.div_ceil(PER_FILE)));
        (export, items)
    }

    #[test]
    fn what_is_written_is_read_from_as_many_files_as_it_takes() {
        let (export, items) = exported("whole", PER_FILE + 1);
        assert_eq!(read(&export).unwrap(), items);
        assert_eq!(fs::read_dir(export.join("data")).unwrap().count(), 2);
        assert_eq!(read(&exported("empty", 0).0).unwrap(), Vec::<Value>::new());
    }

    #[test]
    fn a_damaged_export_is_refused() {
        let refused = |export: &Path| read(export).unwrap_err().to_string();
        let (export, _) = exported("data", 3);
        put(&export.join("data/0000.json.gz"), &compressed(b"{\"Item\":{}}\n").unwrap()).unwrap();
        assert_eq!(refused(&export), "0000.json.gz does not have the checksum of the manifest");
        let (export, _) = exported("manifest", 3);
        put(&export.join("manifest-files.json"), b"").unwrap();
        assert_eq!(refused(&export), "manifest-files.json does not have the checksum of manifest-files.md5");
        put_with_sum(&export, "manifest-files", b"").unwrap();
        assert_eq!(refused(&export), "manifest-summary.json: 0 items, not Some(3)");
        put_with_sum(&export, "manifest-summary", b"{\"outputFormat\": \"ION\"}").unwrap();
        assert!(refused(&export).ends_with("neither DYNAMODB_JSON nor a full export"));
    }
}
