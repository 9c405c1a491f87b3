use super::{page, ratio_chart};
use crate::sample;

#[test]
fn the_page_has_every_chart_and_needs_nothing_else() {
    let record = sample::record();
    let page = page(&record);
    for title in [
        "Time in a sandbox / native",
        "Throughput / that of one worker",
        "Time, by powers of ten",
        "Latency by percentile",
    ] {
        assert!(page.contains(&format!("<title>{title}</title>")), "{title}");
    }
    for outside in ["src=", "href=", "url(", "@import", "<link", "http"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_marks_have_the_numbers_of_the_record() {
    let record = sample::record();
    let page = page(&record);
    // The kernel's times are 10 ms natively and 12.5 ms in a sandbox, every round.
    assert!(page.contains("data-series=\"ratio\" data-name=\"kernel 1\" data-value=\"1.25\""));
    assert!(
        page.contains("data-series=\"threads\" data-name=\"round-trip\" data-value=\"0.000014\"")
    );
    assert!(
        page.contains("data-series=\"fresh, 1 worker\" data-name=\"p50\" data-value=\"0.0015\"")
    );
}

#[test]
fn the_page_and_the_picture_are_well_formed() {
    let record = sample::record();
    // An HTML page need not be XML; this one is, but for its first line and the tags without content.
    let body = page(&record).replace("<!doctype html>", "");
    let body = body
        .lines()
        .filter(|line| !line.starts_with("<meta "))
        .collect::<Vec<_>>()
        .join("\n");
    roxmltree::Document::parse(&body).expect("the page is well-formed");
    let picture = ratio_chart(&record).expect("kernels ran");
    let picture = roxmltree::Document::parse(&picture).expect("the picture is well-formed");
    let bars = picture
        .descendants()
        .filter(|node| node.has_attribute("data-value"));
    assert_eq!(bars.count(), sample::KERNELS + 1);
}

#[test]
fn texts_of_strangers_stand_for_themselves() {
    let mut record = sample::record();
    let evil = "</script><script>alert(1)</script>\u{1b}[31m\"'&";
    record.command = evil.to_owned();
    record.task.as_mut().expect("there is one").arguments = evil.to_owned();
    record.kernels.as_mut().expect("they ran").runs[0].kernel = evil.to_owned();
    record.isolation.as_mut().expect("it ran").peers[0].name = evil.to_owned();
    let page = page(&record);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains('\u{1b}'));
}

#[test]
fn a_record_of_nothing_is_a_page_without_charts() {
    let mut record = sample::record();
    record.kernels = None;
    record.isolation = None;
    record.note = None;
    record.task = None;
    assert!(!page(&record).contains("<svg"));
    assert_eq!(ratio_chart(&record), None);
}

#[test]
fn what_has_no_values_is_not_drawn_as_a_number() {
    let mut record = sample::record();
    let kernels = record.kernels.as_mut().expect("they ran");
    kernels.workers = vec![1];
    kernels.runs[0].series.clear();
    kernels.runs[1]
        .series
        .iter_mut()
        .for_each(|series| series.seconds.clear());
    kernels.runs[2]
        .series
        .iter_mut()
        .for_each(|series| series.seconds.fill(0.0));
    for figure in record
        .isolation
        .iter_mut()
        .flat_map(|isolation| &mut isolation.peers)
        .flat_map(|peer| &mut peer.figures)
    {
        figure.values.clear();
    }
    for series in record.task.iter_mut().flat_map(|task| &mut task.series) {
        series.percentiles.clear();
        series.seconds = 0.0;
    }
    for text in [
        page(&record),
        crate::table::text(&record, None),
        crate::table::markdown(&record),
    ] {
        for word in ["NaN", "inf ", "inf\"", "inf<"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}
