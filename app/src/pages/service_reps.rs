//! Every service rep, for admins.

use latchkey_domain::view::RepView;
use leptos::prelude::*;

use super::loading::LoadingFailed;
use crate::components::Page;
use crate::ssr::{answer, signed_in};
use crate::{AppError, paths};

#[component]
pub(crate) fn ServiceRepsPage() -> impl IntoView {
    let reps = Resource::new(|| (), |()| reps());
    view! {
        <Page about="Everybody who owns tokens: people, and services." path=paths::SERVICE_REPS>
            <Suspense>
                {move || Suspend::new(async move {
                    match reps.await {
                        Ok(reps) => view! { <Reps reps=reps/> }.into_any(),
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Suspense>
        </Page>
    }
    .into_any()
}

async fn reps() -> Result<Vec<RepView>, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.reps_for_admin(&caller).await)
}

#[component]
fn Reps(reps: Vec<RepView>) -> impl IntoView {
    let rows: Vec<_> = reps
        .into_iter()
        .map(|rep| {
            let (class, state) = if rep.enabled { ("pill good", "Enabled") } else { ("pill off", "Disabled") };
            view! {
                <tr role="row">
                    <td role="cell">{rep.name}<span class="sub">{rep.email}</span></td>
                    <td role="cell" data-label="Role">{rep.role.label()}</td>
                    <td role="cell" data-label="Kind">{rep.kind.label()}</td>
                    <td role="cell" data-label="State"><span class=class>{state}</span></td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="card">
            // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
            <table class="stack" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Name"</th>
                        <th role="columnheader" scope="col">"Role"</th>
                        <th role="columnheader" scope="col">"Kind"</th>
                        <th role="columnheader" scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
}
