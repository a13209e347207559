//! What a column can be about, and the words for it in German and English.
//!
//! The words stand in the form in which names are compared: small letters, umlauts written
//! out, nothing between them (see `name`).

use std::collections::HashMap;
use std::sync::LazyLock;

use Topic::{
    AccountNumber, Active, Bank, BankOwner, Birthday, CardNumber, CashRegister, Category, City,
    Company, Company2, CompanyId, Country, CreditLimit, Discount, Ebay, Email, Fax, FirstName,
    FullName, Group, HouseNumber, InitialContact, Language, LastChange, LastName, Locked, Login,
    Mobile, Number, PaymentDays, PaymentMethod, Phone, PostalCode, Register, Salutation, Secret,
    ShopId, Since, State, StopDunning, Street, Street2, TaxNumber, Title, VatCountry, VatId,
    VatNumber, Website, ZipCity,
};

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Topic {
    /// The customer's number.
    Number,
    /// The shop's own id, where there is no number.
    ShopId,
    /// The customer group's name or id.
    Group,
    /// When the customer registered.
    Since,
    /// When the record was changed.
    LastChange,
    /// Language or locale.
    Language,
    /// The own company.
    CompanyId,
    /// The customer category.
    Category,
    /// German Steuernummer.
    TaxNumber,
    /// Debtor account.
    AccountNumber,
    /// Commercial register.
    Register,
    /// Web address.
    Website,
    /// Where the customer came from.
    InitialContact,
    /// User name at eBay.
    Ebay,
    /// Day of birth.
    Birthday,
    /// Locked: yes.
    Locked,
    /// Active: the opposite of locked.
    Active,
    /// From a point of sale.
    CashRegister,
    /// City.
    City,
    /// Country.
    Country,
    /// Company.
    Company,
    /// Second line of the company.
    Company2,
    /// How to address somebody.
    Salutation,
    /// Academic title.
    Title,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// First and last name, or whatever stands for the customer.
    FullName,
    /// Street, with or without house number.
    Street,
    /// House number, apart from the street.
    HouseNumber,
    /// Second address line.
    Street2,
    /// Postal code.
    PostalCode,
    /// Postal code and city in one column.
    ZipCity,
    /// State or province.
    State,
    /// VAT id.
    VatId,
    /// The country of a VAT id that stands apart.
    VatCountry,
    /// The VAT id without its country.
    VatNumber,
    /// Phone.
    Phone,
    /// Mobile phone.
    Mobile,
    /// E-mail address.
    Email,
    /// Fax.
    Fax,
    /// Payment method.
    PaymentMethod,
    /// Discount in per cent.
    Discount,
    /// Days until payment is due.
    PaymentDays,
    /// Credit limit.
    CreditLimit,
    /// No dunning.
    StopDunning,
    /// Passwords, hashes, tokens: never written anywhere.
    Secret,
    /// Bank accounts: left out.
    Bank,
    /// Whose bank account it is: left out.
    BankOwner,
    /// Credit cards: left out.
    CardNumber,
    /// A user name: known, and of no use.
    Login,
}

impl Topic {
    /// Whether it is never written anywhere, reports included.
    pub(super) fn is_dropped(self) -> bool {
        matches!(self, Secret | Bank | BankOwner | CardNumber)
    }

    /// Whether it is part of an address.
    pub(super) fn is_of_address(self) -> bool {
        self >= City && self <= Fax
    }
}

/// The words for each topic.
pub(super) const WORDS: &[(Topic, &str)] = &[
    (
        Number,
        "nr no kundennummer kundennr kundnr kdnr kdnummer knr number customernumber customerno \
         customernr custno clientnumber clientno debitorennummer debitornummer debitorennr \
         debitornr accountnumber accountno kundenidentnummer kundenkennung mitgliedsnummer",
    ),
    (
        ShopId,
        "id customerid kundenid kundeid userid entityid idcustomer uid personid clientid \
         customeruuid uuid guid kkunde externalid externeid legacyid shopid memberid benutzerid",
    ),
    (
        Group,
        "kundengruppe kundengruppen kundengruppenname customergroup customergroupname gruppe group \
         groupname groupid customergroupid kundengruppeid kundengruppenid kundentyp customertype \
         usergroup benutzergruppe pricegroup preisgruppe groupcode idgroup role rolle kundenart",
    ),
    (
        Since,
        "kundeseit customersince seit since erstellt erstelltam erstelldatum angelegt angelegtam \
         anlagedatum anlage createdat created creationdate datecreated dateregistered registered \
         registeredat registrationdate registration dateadd registriert registriertam \
         registrierdatum registrierungsdatum registrierung signupdate signedup joindate joined \
         membersince eintritt eintrittsdatum kundeseitdatum firstlogin",
    ),
    (
        LastChange,
        "geaendert geaendertam aenderungsdatum letzteaenderung updatedat updated lastchange \
         lastmodified modified modifiedat changed changedat changedate dateupd dateupdated \
         datemodified lastupdate bearbeitetam",
    ),
    (
        Language,
        "sprache language languageiso lang locale sprachcode languagecode spracheiso kundensprache \
         preferredlanguage idlang",
    ),
    (
        CompanyId,
        "mandant mandantennummer mandantid internalcompany internalcompanyid firmaid firmenid \
         companyid",
    ),
    (
        Category,
        "kundenkategorie kategorie customercategory category categoryname customercategoryid",
    ),
    (
        TaxNumber,
        "steuernummer steuernr stnr taxnumber taxno taxidentificationnumber taxcode taxidnumber \
         steuerid",
    ),
    (
        AccountNumber,
        "debitor debitorenkonto debitorkonto debtor debtoraccount debtornumber debtorno \
         fibukonto accountsreceivablenumber accountsreceivable sachkonto konto personenkonto",
    ),
    (
        Register,
        "handelsregister handelsregisternummer handelsregisternr hrb hrnummer hrnr \
         commercialregister commercialregisternumber registernumber registernummer \
         companyregistrationnumber",
    ),
    (
        Website,
        "website webseite homepage internet www url weburl internetadresse webadresse \
         internetseite webaddress site websiteurl",
    ),
    (
        InitialContact,
        "herkunft quelle source leadsource saleschannel vertriebskanal kanal channel \
         initialcontact erstkontakt kontaktquelle referrer referral origin aufmerksamdurch \
         gewordenueber marketingsource createdin werbung kampagne campaign",
    ),
    (
        Ebay,
        "ebayname ebayusername ebaybenutzername ebaymitgliedsname ebayuser ebay ebaynick",
    ),
    (
        Birthday,
        "geburtstag geburtsdatum gebdatum gebtag geb gebam geboren geborenam birthday birthdate \
         dateofbirth dob birth gdatum",
    ),
    (
        Locked,
        "gesperrt islocked locked sperre gesperrtjn blocked isblocked disabled isdisabled \
         deaktiviert sperrkennzeichen inaktiv inactive suspended banned kundensperre",
    ),
    (
        Active,
        "aktiv active isactive enabled isenabled freigeschaltet freigegeben status accountstatus \
         kundenstatus customerstatus aktiviert customerisactive",
    ),
    (
        CashRegister,
        "kassenkunde iscashregisterbased cashregister pos poskunde ladenkunde",
    ),
    (
        City,
        "ort stadt city town wohnort locality municipality gemeinde cityname ortsname suburb \
         citytown",
    ),
    (
        Country,
        "land country countryiso countrycode landiso laendercode landcode laenderkuerzel \
         laenderkennzeichen landkuerzel lkz iso isoland countryname staat nation landname countryid \
         countryregion isocountry",
    ),
    (
        Company,
        "firma company firmenname companyname unternehmen organisation organization business \
         businessname firma1 company1 firmierung organisationsname organizationname betrieb \
         accountname name1 nameadressattypunternehmen",
    ),
    (
        Company2,
        "firmenzusatz firma2 company2 firmazusatz abteilung department companyaddition zusatz \
         companydepartment namenszusatz name2 companyline2 zusatzfirma",
    ),
    (
        Salutation,
        "anrede salutation formofaddress gender geschlecht gendercode socialtitle idgender \
         courtesytitle briefanredekurz",
    ),
    (
        Title,
        "titel title akademischertitel akadgrad titelakadgrad academictitle prefix namenstitel",
    ),
    (
        FirstName,
        "vorname firstname givenname forename vornamen prename rufname first fname givennames",
    ),
    (
        LastName,
        "nachname lastname surname familyname familienname zuname last lname secondname",
    ),
    (
        FullName,
        "name fullname vollername vollstaendigername vorundnachname vornamenachname \
         nachnamevorname kundenname customername displayname ansprechpartner contactname \
         contactperson empfaenger recipient addressee vornameundnachname kunde customer",
    ),
    (
        Street,
        "strasse str street streetaddress address address1 adresse adresse1 addressline1 \
         streetname strasse1 street1 adresszeile1 anschrift anschrift1 streetline1 addressline \
         strasseundhausnummer strassehausnummer strassehausnr strassenr strasseundnr strassehnr \
         strassenname addressstreet streetandnumber road",
    ),
    (
        HouseNumber,
        "hausnummer hausnr hnr hsnr housenumber houseno housenr streetnumber streetno \
         hausnummerzusatz buildingnumber",
    ),
    (
        Street2,
        "adresszusatz address2 addressline2 adresse2 street2 strasse2 adresszeile2 zusatzadresse \
         addressaddition additionaladdress adresszusatz1 anschriftzusatz anschrift2 streetline2 \
         apartment apt suite unit careof addresssupplement additionaladdressline1",
    ),
    (
        PostalCode,
        "plz postleitzahl postalcode postcode zip zipcode zippostalcode zippostcode plzcode \
         postalcodezip postalzip postzahl postnr postnummer pcode codepostal postal",
    ),
    (
        ZipCity,
        "plzort plzundort ortplz postleitzahlort zipcity plzstadt postcodecity",
    ),
    (
        State,
        "bundesland state province region county provinz kanton provincecode statecode \
         stateprovince addressstate regionname bundeslandkanton idstate",
    ),
    (
        VatId,
        "ustid ustidnr ustidnummer ustidnrn umsatzsteuerid umsatzsteueridnr \
         umsatzsteueridentifikationsnummer umsatzsteueridentnummer vatid vatnumber vat vatno vatnr \
         vatregno taxvat uidnr uidnummer euvat taxid companyvatid vatregistration \
         vatregistrationnumber mwstnr mwstnummer vatids ustidentnr ustnr ust",
    ),
    (
        VatCountry,
        "euland vatcountry vatcountrycode ustidland eucountry",
    ),
    (VatNumber, "euustid euvatnumber ustidohneland"),
    (
        Phone,
        "telefon telefonnummer telefonnr tel telnr phone phonenumber telephone telephonenumber \
         telefon1 tel1 phone1 rufnummer festnetz telefonprivat telefongeschaeftlich landline \
         homephone workphone businessphone telefonfestnetz fon phoneno daytimephone tele",
    ),
    (
        Mobile,
        "mobil mobiltelefon mobilnummer mobilnr handy handynummer handynr mobile mobilephone \
         mobilephonenumber mobilenumber cell cellphone cellular telefonmobil phonemobile mobilfunk \
         mobilno",
    ),
    (
        Email,
        "email emailadresse emailaddress mail mailadresse mailaddress emailaddresse eml \
         elektronischepost email1 primaryemail emailprivat kontaktemail",
    ),
    (
        Fax,
        "fax faxnummer faxnr telefax telefaxnummer faxnumber telefaxnr faxno",
    ),
    (
        PaymentMethod,
        "zahlungsart zahlart zahlungsmethode zahlungsweise paymentmethod paymenttype paymentmode \
         standardzahlungsart defaultpaymentmethod paymentmethodid payment",
    ),
    (
        Discount,
        "rabatt kundenrabatt rabattsatz discount discountpercent rabattprozent discountrate \
         rabattinprozent paymentdiscount customerdiscount percentdiscount",
    ),
    (
        PaymentDays,
        "zahlungsziel zahlungszieltage zahlungszielintagen paymentterms paymenttarget paymentdays \
         paymenttermdays nettotage zahlungsfrist faelligkeit faelligkeitintagen duedays termdays \
         netdays zahlungsbedingungtage",
    ),
    (
        CreditLimit,
        "kreditlimit kreditlinie creditlimit creditline kreditrahmen outstandingallowamount",
    ),
    (
        StopDunning,
        "mahnsperre mahnstopp mahnstop dunningblock stopdunning stoppaymentrequest nodunning \
         keinemahnung",
    ),
    (
        Secret,
        "passwort password passwd pwd kennwort passworthash passwordhash hash pass token apikey \
         apitoken accesstoken secret securekey rptoken sessiontoken session sessionid salt \
         passwordsalt securityanswer sicherheitsantwort pin resettoken resetpasswordtoken \
         confirmationtoken encryptedpassword hashedpassword passwordencoder rememberme \
         remembertoken authkey passwordresettoken legacypassword passwortmd5",
    ),
    (
        Bank,
        "iban ibannr ibannummer bic bicswift swift swiftcode swiftbic blz bankleitzahl \
         kontonummer kontonr bankaccount bankaccountnumber bankkonto bankkontonummer bankcode bankbezeichnung \
         sortcode routingnumber bank bankname kreditinstitut bankverbindung accountiban sepaiban",
    ),
    (
        BankOwner,
        "kontoinhaber accountholder accountowner bankaccountholder abwkontoinhaber",
    ),
    (
        CardNumber,
        "kreditkarte kreditkartennummer kreditkartennr creditcard creditcardnumber cardnumber \
         ccnumber cc cvc cvv cardcvc cvv2 kartennummer ccnum",
    ),
    (
        Login,
        "username benutzername login loginname nickname nick user benutzer userlogin",
    ),
];

static BY_WORD: LazyLock<HashMap<&'static str, Topic>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    for (topic, words) in WORDS {
        for word in words.split_whitespace() {
            map.entry(word).or_insert(*topic);
        }
    }
    map
});

/// The topic that a word means.
pub(super) fn by_word(word: &str) -> Option<Topic> {
    BY_WORD.get(word).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mapping::proposal::name::words;

    #[test]
    fn words_stand_in_the_form_in_which_they_are_compared_and_once() {
        let mut seen = BTreeSet::new();
        for (topic, words_of) in WORDS {
            for word in words_of.split_whitespace() {
                assert_eq!(words(word).concat(), word, "{topic:?}");
                assert!(seen.insert(word), "{word} stands twice");
            }
        }
        assert!(seen.len() > 500, "{}", seen.len());
    }

    /// Whatever the API calls a field is a word for it.
    #[test]
    fn every_target_has_a_topic() {
        use crate::customer::{ADDRESS, CUSTOMER, PAYMENT};
        for schema in [&CUSTOMER, &ADDRESS, &PAYMENT] {
            for field in schema.fields {
                let found = crate::mapping::proposal::name::meaning(field.name);
                assert!(found.is_some(), "{}", field.name);
            }
        }
    }
}
