//! `approval`: requests that members make and others decide.

use organisation_host::contract::approvals::{ApprovalRequest, SearchFilter};

use super::input;
use crate::{
    cli::{
        Global, LARGEST_PAGE,
        approvals::{ApprovalCommand, List},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    pages::Cursors,
    session::{self, Session},
    text,
    view::{
        approval::{ApprovalView, SubmittedView},
        record::record,
    },
};

/// Makes or reads requests.
///
/// # Errors
/// A file holds no request, or the component refuses.
pub async fn approval(
    options: &Global,
    asked: &ApprovalCommand,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    match asked {
        ApprovalCommand::Template { id } => {
            let element = Session::open(options).await?.element;
            let template = record(&session::answer(element.describe_template(id), output).await?)?;
            output.answer(&template, |paint| text::record::record("审批模板 template", &template, paint))?;
        }
        ApprovalCommand::Submit { file, idempotency_key } => {
            let mut request: ApprovalRequest = input::record(file)?;
            if idempotency_key.is_some() {
                request.idempotency_key.clone_from(idempotency_key);
            }
            let element = Session::open(options).await?.element;
            let number = session::answer(element.submit_approval(&request), output).await?;
            let view = SubmittedView { number };
            output.answer(&view, |_| format!("已提交 submitted: {}", text::clean(&view.number)))?;
        }
        ApprovalCommand::Detail { number } => {
            let element = Session::open(options).await?.element;
            let view = ApprovalView::of(session::answer(element.approval(number), output).await?)?;
            output.answer(&view, |paint| text::record::record("审批 approval", &view, paint))?;
        }
        ApprovalCommand::Notify { number, link } => {
            let element = Session::open(options).await?.element;
            let told = session::answer(element.notify_of_approval(number, link.as_deref()), output).await?;
            output.answer(&told, |_| match told.is_empty() {
                true => "没有需要通知的审批人 nobody to tell".to_owned(),
                false => format!("已通知 told: {}", text::clean(&told.join(", "))),
            })?;
        }
        ApprovalCommand::List(asked) => return list(options, asked, output).await,
    }
    Ok(ExitStatus::Done)
}

async fn list(options: &Global, asked: &List, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let ms = |instant: jiff::Timestamp| u64::try_from(instant.as_millisecond()).unwrap_or_default();
    let (begin, end) = (ms(asked.from), ms(asked.until.unwrap_or_else(jiff::Timestamp::now)));
    let filter = SearchFilter {
        template: asked.template.clone(),
        applicant: asked.applicant.clone(),
        departments: asked.department.clone(),
        status: asked.status.clone(),
        kind: asked.kind.clone(),
    };
    let element = Session::open(options).await?.element;
    let (mut array, mut found) = (output.array(), false);
    let (mut cursor, mut cursors): (Option<String>, _) = (None, Cursors::of("approvals.search", None));
    loop {
        let call = element.search_approvals(begin, end, &filter, cursor.as_deref(), LARGEST_PAGE);
        let page = session::answer(call, output).await?;
        found |= !page.numbers.is_empty();
        if output.is_json() {
            array.extend(&page.numbers)?;
        } else {
            page.numbers.iter().try_for_each(|number| output.text(&text::clean(number)))?;
        }
        let Some(next) = page.cursor else { break };
        // Pages of a search may be empty and yet go on.
        cursors.follow(&next, page.numbers.len().max(1))?;
        cursor = Some(next);
    }
    if output.is_json() {
        array.print()?;
    } else if !found {
        output.text("没有审批 no requests")?;
    }
    Ok(ExitStatus::Done)
}
